"""Nodes between NumPy's scalars and the machine values that are computed with (`elements.py`)."""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT, NP_F64, Record, Scalar, Tuple, Type
from tapeless.ir.builder import Builder
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nodes import Node


def machine_value(b: Builder, node: Node) -> Node:
    """A scalar of NumPy as Python's of the same layout; another value as it is."""
    element = ELEMENTS.get(node.type.kind) if isinstance(node.type, Scalar) else None
    return node if element is None else b.apply("of_" + element.short, node)


def numpy_scalar(b: Builder, value: Node, type: Type) -> Node:
    """A machine value as a scalar of NumPy, brought to its range."""
    assert isinstance(type, Scalar)
    element = ELEMENTS[type.kind]
    if element.narrow:
        value = b.apply("as_" + element.short, value)
    return b.apply("to_" + element.short, value)


def given_type(primal: Type) -> Type:
    """The type in which a user gets the derivative by a float: of single precision where that is, else Python's."""
    narrow = isinstance(primal, Scalar) and primal.kind in ELEMENTS and primal != NP_F64
    return primal if narrow else FLOAT


def given(b: Builder, ct: Node, primal: Type | None) -> Node:
    """The cotangent (or tangent) of a value as a user gets it."""
    if ct.type == FLOAT and isinstance(primal, Scalar) and given_type(primal) != FLOAT:
        return numpy_scalar(b, ct, primal)
    if isinstance(ct.type, Tuple) and isinstance(primal, Tuple):
        return b.tuple([given(b, b.item(ct, i), t) for i, t in enumerate(primal.items)])
    if isinstance(ct.type, Record) and isinstance(primal, Record) and primal.tag == "list":
        items = [given(b, b.item(ct, i), t) for i, t in enumerate(primal.items)]
        return b.apply("record", *items, type=Record("list", tuple(i.type for i in items)))  # type: ignore[misc]
    return ct
