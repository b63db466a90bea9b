"""Conversions on edges: the representation of a value changes where its type is part of a larger one.

int to float (with a check that it is exact), an array to one of unknown sizes, a part to its union, a smaller union to
a larger, a flat tuple to a box, item by item through tuples and records; never inside a box, whose items have one type
in the whole program.
"""

from __future__ import annotations

from tapeless.infer.references import less_known
from tapeless.ir import lists
from tapeless.ir.abstract import (
    FLOAT,
    INT,
    NEVER,
    NONE,
    Array,
    Box,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Union,
    head,
    machine_type,
    parts,
)
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.lists import STATIC, List
from tapeless.ir.nests import packed
from tapeless.ir.nodes import UNDEF, Constant, Node
from tapeless.ir.scalars import machine_value, numpy_scalar


def convert(b: Builder, node: Node, target: Type) -> Node:
    """The node as a value of `target`, which must hold all its values."""
    source = node.type
    assert source is not None
    if source == target:
        return node
    if (isinstance(node, Constant) and node.value is UNDEF) or source == NEVER:
        return undef(target)
    match source, target:
        case _, _ if target == NONE:
            return constant(None)
        case Union(), _:
            return _from_union(b, node, source, target)
        case _, Union(parts=ps):
            part = next((p for p in ps if head(p) == head(source)), None)
            part = part or next((p for p in ps if _may_be(source, p)), None)
            if part is not None:
                return b.apply("inject", convert(b, node, part), type=target)
        case Scalar(), Scalar() if machine_type(target) != target:
            return numpy_scalar(b, convert(b, machine_value(b, node), machine_type(target)), target)
        case _, _ if source == INT and target == FLOAT:
            b.check(
                b.apply("i2f_exact", node),
                "OverflowError",
                "int too large to be an exact float, where it meets a float",
            )
            return b.apply("i2f", node)
        case Record(tag=tag), List() if isinstance(source, List) or tag == STATIC:
            return _list(b, node, target)
        case Tuple(items=x), Tuple(items=y) if len(x) == len(y):
            return b.tuple([convert(b, b.item(node, i), t) for i, t in enumerate(y)])
        case Record(items=x), Record(items=y) if len(x) == len(y):
            return b.apply("record", *(convert(b, b.item(node, i), t) for i, t in enumerate(y)), type=target)
        case Record(), Record():
            items = less_known(source.tag, target.tag, [b.item(node, i) for i in range(len(source.items))], constant(1))
            if items is not None:
                return b.apply("record", *(convert(b, n, t) for n, t in zip(items, target.items)), type=target)
        case ((Tuple() | Record()), Box(body=body)):
            assert body is not None
            return b.apply("box", convert(b, node, body), type=target)
        case Box(body=body), (Tuple() | Record()):
            return convert(b, b.apply("unbox", node), target)
        case Array(), Array():
            return _array(b, node, target)
        case Str(), Str():
            return constant(target.value)
    raise InternalError(f"elaborate: no conversion from {source} to {target}", node.span)


def _may_be(source: Type, target: Type) -> bool:
    """Whether a reference is one of another type, which says less of sizes."""
    return (
        isinstance(source, Record)
        and isinstance(target, Record)
        and less_known(source.tag, target.tag, source.items, None) is not None
    )


def _list(b: Builder, node: Node, target: List) -> Node:
    """A list as one of any length; one of ints as one of floats."""
    if isinstance(node.type, List):
        return lists.retyped(b, node, target, convert)
    assert isinstance(node.type, Record)
    items = [convert(b, b.item(node, k), target.item) for k in range(len(node.type.items))]
    return lists.of_items(b, items, target)


def _array(b: Builder, node: Node, target: Array) -> Node:
    """An array of which less is known, of its sizes or of how it lies; or packed."""
    if target.packed:
        node = packed(b, node)
        if node.type == target:
            return node
    sizes = [b.apply("size", node, constant(d)) for d in range(target.rank)]
    if target.packed:
        return b.apply("reshape", node, *(n for n, d in zip(sizes, target.dims) if d != "1"), type=target)
    bounds = [x for n in sizes for x in (constant(0), constant(1), n)]
    return b.apply("window", node, *bounds, type=target)


def _from_union(b: Builder, node: Node, source: Union, target: Type) -> Node:
    """A union as a larger one, or (where only one part can be meant) as that part."""
    wanted = {head(p): p for p in parts(target)}
    kept = [p for p in source.parts if head(p) in wanted]
    if all(wanted[head(p)] == p for p in kept):
        return (
            b.apply("inject" if len(kept) == len(source.parts) else "project", node, type=target)
            if isinstance(target, Union)
            else b.apply("project", node, type=target)
        )
    return _by_part(b, node, kept, target)


def _by_part(b: Builder, node: Node, kept: list[Type], target: Type) -> Node:
    first, *rest = kept
    if not rest:
        return convert(b, b.apply("project", node, type=first), target)
    then, orelse = b.nested("as"), b.nested("else")
    then.graph.output = convert(then, then.apply("project", node, type=first), target)
    orelse.graph.output = _by_part(orelse, node, rest, target)
    return b.switch(b.apply("has_head", node, constant(head(first))), then.graph, orelse.graph, target)
