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
READ_ONLY = Root("read-only")
"""Among what an array reaches: NumPy refuses to write to it."""
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


def of_items(shape: Shape, type: Type | None) -> Roots:
    """The roots of a value without those of the lists in it: what their items reach. Of a list of any length, all."""
    if isinstance(shape, tuple) and is_list(type) and not isinstance(type, List):
        return flat(shape[1])
    if isinstance(shape, tuple) and isinstance(type, Tuple):
        return frozenset().union(*map(of_items, shape, type.items))
    return flat(shape)


def within(type: Type | None, keys: int) -> list[Type | None]:
    """What `x[i]...[k]` may be, of an x of a type and some keys; what is kept in a list of any length is that list."""
    found = [type]
    for _ in range(keys):
        found = [i for t in found for i in _opened(t)]
    return found


def may_be_list(t: Type | None) -> bool:
    """Whether a value of this type may be a list."""
    if isinstance(t, Union):
        return any(map(may_be_list, t.parts))
    return is_list(t) or (isinstance(t, Box) and is_list(t.body))


def _opened(t: Type | None) -> Sequence[Type | None]:
    if isinstance(t, Tuple) or (is_list(t) and not isinstance(t, List)):
        return t.items  # type: ignore[union-attr]
    return (t,)


def gathered(items: Sequence[Roots]) -> Roots:
    """What the items of a list reach; SHARED too, where two of them reach the same."""
    out: Roots = NOTHING
    for roots in items:
        out = out | roots | ({SHARED} if out & roots - {SHARED} else NOTHING)
    return out


def _with_step(root: Root, k: int) -> Root:
    return Root(root.base, (*root.path, k))


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


def leads_to_list(type: Type, path: Sequence[int]) -> bool:
    """Whether the root at a path of `of_type` is a list of known length itself."""
    if isinstance(type, List):
        return False
    if is_list(type):
        return path[:1] == (0,) or (len(path) > 1 and leads_to_list(type.items[path[1]], path[2:]))  # type: ignore[attr-defined]
    return isinstance(type, (Tuple, Record)) and bool(path) and leads_to_list(type.items[path[0]], path[1:])


def of_type(type: Type, root: Root) -> Shape:
    """The shape of a value of which nothing is known but its type."""
    if is_list(type):
        inside = _with_step(root, 1)
        if isinstance(type, List):
            return frozenset([_with_step(root, 0)]), frozenset([inside] if holds_arrays(type.item) else [])
        items = (of_type(t, _with_step(inside, k)) for k, t in enumerate(type.items))  # type: ignore[attr-defined]
        return frozenset([_with_step(root, 0)]), flat(tuple(items))
    if isinstance(type, (Tuple, Record)):
        return tuple(of_type(t, _with_step(root, i)) for i, t in enumerate(type.items))
    return frozenset([root]) if holds_arrays(type) else NOTHING
