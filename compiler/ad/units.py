"""Gradients one number after another: the directions, and what was found along them put together."""

from __future__ import annotations

from tapeless.ad.cotangents import Cotangent
from tapeless.ir.abstract import FLOAT, Record, Tuple, Type
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nodes import Node


def unit_tangents(type: Type) -> list[Cotangent]:
    """One tangent for each float that a value of a cotangent type consists of."""
    if isinstance(type, (Tuple, Record)):
        return [{i: seed} for i, item in enumerate(type.items) for seed in unit_tangents(item)]
    return [constant(1.0)] if type == FLOAT else []


def assemble(b: Builder, type: Type, floats: list[Node]) -> Node:
    """A value of a cotangent type from its floats, which are taken off the front of the list."""
    if isinstance(type, Tuple):
        return b.tuple([assemble(b, t, floats) for t in type.items])
    if isinstance(type, Record):
        return b.apply("record", *[assemble(b, t, floats) for t in type.items], type=type)
    return floats.pop(0) if type == FLOAT else constant(None)
