"""The leaves of values: the scalars (and boxes, unions, cells) that a tuple or record consists of.

    (float, (none, box %t), int)        leaves 0: float, 1: box %t, 2: int
    0b101                               a mask: leaves 0 and 2

None and strings carry no data and have no leaf. Functions, loops and branches hand over the leaves that are live, one
by one; within a graph a value keeps its type, and a dead leaf of it is undef.
"""

from __future__ import annotations

from functools import cache

from tapeless.ir.abstract import NONE, Record, Str, Tuple, Type
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.nodes import UNDEF, Constant, Node


@cache
def _items_width(items: tuple[Type, ...]) -> int:
    return sum(map(width, items))


def width(type: Type | None) -> int:
    """The number of leaves of a type."""
    if isinstance(type, (Tuple, Record)):
        return _items_width(type.items)
    return 0 if type == NONE or isinstance(type, Str) else 1


def whole(type: Type | None) -> int:
    """The mask of all leaves of a type."""
    return (1 << width(type)) - 1


def split(items: tuple[Type | None, ...], mask: int) -> list[int]:
    """A mask of the leaves of several values, as one mask for each."""
    out = []
    for t in items:
        w = width(t)
        out.append(mask & ((1 << w) - 1))
        mask >>= w
    return out


def leaves_of(name: str, type: Type, mask: int) -> list[tuple[str, Type]]:
    """The names and types of the leaves that a mask has."""
    if isinstance(type, (Tuple, Record)):
        parts = zip(type.items, split(type.items, mask))
        return [leaf for i, (t, m) in enumerate(parts) for leaf in leaves_of(f"{name}.{i}", t, m)]
    return [(name, type)] if mask else []


def spread(b: Builder, node: Node, type: Type, mask: int) -> list[Node]:
    """The leaves of a value that a mask has, in their order; `type` may be larger than that of an undef."""
    if not mask:
        return []
    if not isinstance(type, (Tuple, Record)):
        return [node]
    if is_undef(node):
        return [undef(t) for _, t in leaves_of("", type, mask)]
    parts = enumerate(zip(type.items, split(type.items, mask)))
    return [leaf for i, (t, m) in parts if m for leaf in spread(b, b.item(node, i), t, m)]


def assemble(b: Builder, type: Type, leaves: list[Node], mask: int) -> Node:
    """A value from the leaves that a mask has, which are taken off the front of the list; the others are undef."""
    if not mask and width(type):
        return undef(type)
    match type:
        case Tuple(items=items):
            return b.tuple([assemble(b, t, leaves, m) for t, m in zip(items, split(items, mask))])
        case Record(items=items):
            made = [assemble(b, t, leaves, m) for t, m in zip(items, split(items, mask))]
            return b.apply("record", *made, type=type)
        case Str(value=text):
            return constant(text)
    return leaves.pop(0) if mask else constant(None)


def is_undef(node: Node) -> bool:
    """Whether a node is the constant without value."""
    return isinstance(node, Constant) and node.value is UNDEF
