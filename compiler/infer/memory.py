"""What values may reach in memory: roots, and shapes of them. See `aliases.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapeless.ir.abstract import Array, Box, Pullback, Record, Tuple, Type, Union
from tapeless.ir.dataclass import dataclass
from tapeless.ir.lists import List, is_list
from tapeless.ir.nodes import Graph
from tapeless.ir.traverse import encloses


@dataclass(frozen=True)
class Root:
    """Memory: what made it (a fact, and where in its value; or a location), and the loops that it came around."""

    base: Any
    path: tuple[int, ...] = ()
    loops: frozenset[Graph] = frozenset()


Roots = frozenset[Root]
Shape = Any
"""Roots, or a tuple of shapes."""
NOTHING: Roots = frozenset()
FRESH = Root("fresh")
SHARED = Root("shared")
"""Among what the items of a list reach: two of the items may be one array."""
LOADED = Root("loaded")
"""Part of what a location holds, under a name of its own."""


def flat(shape: Shape) -> Roots:
    """All roots of a shape."""
    if not isinstance(shape, tuple):
        return shape or NOTHING
    return frozenset().union(*map(flat, shape))


def leaves(shape: Shape, path: tuple[int, ...]) -> list[tuple[tuple[int, ...], Roots]]:
    """The sets of a shape, each with where it stands."""
    if not isinstance(shape, tuple):
        return [(path, shape)]
    return [leaf for i, s in enumerate(shape) for leaf in leaves(s, (*path, i))]


def joined(a: Shape, b: Shape) -> Shape:
    """The shape of a value that is one or the other."""
    if a is None:
        return b
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(joined, a, b))
    if a == NOTHING:
        return b
    return a if b == NOTHING else flat(a) | flat(b)


def around(loop: Graph, shape: Shape) -> Shape:
    """A shape, in the next iteration of a loop: what was made inside is older now."""
    if isinstance(shape, tuple):
        return tuple(around(loop, s) for s in shape)
    return frozenset(
        Root(r.base, r.path, r.loops | {loop}) if isinstance(r.base, tuple) and encloses(loop, r.base[1].graph) else r
        for r in shape
    )


def inside(shape: Shape, type: Type | None) -> Roots:
    """What goes into a list with a value: what it reaches, but of a list its items only."""
    return flat(shape[1] if isinstance(shape, tuple) and is_list(type) else shape)


def gathered(items: Sequence[Roots]) -> Roots:
    """What the items of a list reach; SHARED too, where two of them reach the same."""
    out: Roots = NOTHING
    for roots in items:
        out = out | roots | ({SHARED} if out & roots - {SHARED} else NOTHING)
    return out


def _with_step(root: Root, k: int) -> Root:
    return Root(root.base, (*root.path, k))


def _items_hold_arrays(type: Type) -> bool:
    return any(map(holds_arrays, (type.item,) if isinstance(type, List) else type.items))  # type: ignore[attr-defined]


def holds_arrays(type: Type | None, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether values of a type may reach an array or a list, other than through a location."""
    if is_list(type):
        return True
    match type:
        case Array() | Pullback():
            return True
        case Tuple(items=items) | Record(items=items) | Union(parts=items):
            return any(holds_arrays(t, seen) for t in items)
        case Box(body=body):
            return type not in seen and holds_arrays(body, seen | {type})
    return False


def of_type(type: Type, root: Root) -> Shape:
    """The shape of a value of which nothing is known but its type."""
    if is_list(type):
        inside = _with_step(root, 1) if _items_hold_arrays(type) else None
        return frozenset([_with_step(root, 0)]), frozenset([inside] if inside else [])
    if isinstance(type, (Tuple, Record)):
        return tuple(of_type(t, _with_step(root, i)) for i, t in enumerate(type.items))
    return frozenset([root]) if holds_arrays(type) else NOTHING
