"""The leaves of values: the scalars (and boxes, unions, cells) that a tuple or record consists of.

    (float, (none, box %t), int)        leaves 0: float, 1: box %t, 2: int
    0b101                               a mask: leaves 0 and 2

None and strings carry no data and have no leaf. Functions, loops and branches hand over the leaves that are live, one
by one; within a graph a value keeps its type, and a dead leaf of it is undef.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate

from tapeless.ir.abstract import NONE, Record, Str, Tuple, Type
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.nodes import UNDEF, Constant, Node


@cache
def offsets(type: Tuple | Record) -> tuple[int, ...]:
    """The number of the first leaf of each item, and behind them the number of all leaves."""
    return tuple(accumulate(map(width, type.items), initial=0))


def width(type: Type | None) -> int:
    """The number of leaves of a type."""
    if isinstance(type, (Tuple, Record)):
        return offsets(type)[-1]
    return 0 if type == NONE or isinstance(type, Str) else 1


def whole(type: Type | None) -> int:
    """The mask of all leaves of a type."""
    return (1 << width(type)) - 1


def split(type: Tuple | Record, mask: int) -> list[int]:
    """A mask of the leaves of a value, as one mask for each of its items."""
    out = [0] * len(type.items)
    for i, own in live_items(type, mask):
        out[i] = own
    return out


def live_items(type: Tuple | Record, mask: int) -> Iterator[tuple[int, int]]:
    """The items that a mask has leaves of, each with its own mask; it takes as long as there are such items."""
    bounds = offsets(type)
    while mask:
        first = (mask & -mask).bit_length() - 1
        i = bisect_right(bounds, first) - 1
        yield i, (mask >> bounds[i]) & ((1 << (bounds[i + 1] - bounds[i])) - 1)
        mask = mask >> bounds[i + 1] << bounds[i + 1]


def leaves_of(name: str, type: Type, mask: int) -> list[tuple[str, Type]]:
    """The names and types of the leaves that a mask has."""
    if isinstance(type, (Tuple, Record)):
        parts = zip(type.items, split(type, mask))
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
    parts = live_items(type, mask)
    return [leaf for i, m in parts for leaf in spread(b, b.item(node, i), type.items[i], m)]


def assemble(b: Builder, type: Type, leaves: list[Node], mask: int) -> Node:
    """A value from the leaves that a mask has, which are taken off the front of the list; the others are undef."""
    if not mask and width(type):
        return undef(type)
    match type:
        case Tuple(items=items):
            return b.tuple([assemble(b, t, leaves, m) for t, m in zip(items, split(type, mask))])
        case Record(items=items):
            made = [assemble(b, t, leaves, m) for t, m in zip(items, split(type, mask))]
            return b.apply("record", *made, type=type)
        case Str(value=text):
            return constant(text)
    return leaves.pop(0) if mask else constant(None)


def is_undef(node: Node) -> bool:
    """Whether a node is the constant without value."""
    return isinstance(node, Constant) and node.value is UNDEF
