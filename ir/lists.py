"""Lists whose length is known at run time only: a length, and an array for each scalar or array that an item has.

    list[(float, f64[?])]        record of   int, f64[?], f64[?,?]

The arrays have room for at least `length` items; an item that is an array is a row. A list with room left is appended
to in place; else its arrays are copied to such of twice the size. Lists of one known length are records of their items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tapeless.ir.abstract import INT, Array, NoneType, Record, Scalar, Str, Tuple, Type
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nests import packed
from tapeless.ir.nodes import Node
from tapeless.ir.primitives.scalars import PAIRS

NUMPY = dict(PAIRS)
ZEROS = {"np.f64": 0.0, "np.i64": 0, "np.bool": False}
STATIC = "list"
"""The tag of a list of known length."""
FIRST_ROOM = 4


class List(Record):
    """The type of a list of `item`."""

    item: Type

    def __init__(self, item: Type) -> None:
        buffers = buffers_of(item)
        assert buffers is not None, f"a list of {item}"
        super().__init__(f"list[{item}]", (INT, *buffers))
        object.__setattr__(self, "item", item)

    __hash__ = Record.__hash__


def is_list(t: Type | None) -> bool:
    """Whether a type is that of a list."""
    return isinstance(t, List) or (isinstance(t, Record) and t.tag == STATIC)


def storable(t: Type) -> Type:
    """A type of items as lists have it: arrays of any sizes, packed."""
    match t:
        case Array(element=element, dims=dims):
            return Array(element, dims.replace("n", "?"))
        case Tuple(items=items):
            return Tuple(tuple(map(storable, items)))
    return t


def buffers_of(t: Type) -> list[Array] | None:
    """The arrays that items of a type are kept in; None where they cannot be."""
    match t:
        case Scalar():
            return [Array(NUMPY.get(t, t), "?")]
        case Array(element=element, dims=dims):
            return [Array(element, "?" + dims)]
        case NoneType() | Str():
            return []
        case Tuple(items=items):
            found = [buffers_of(i) for i in items]
            return None if None in found else [a for part in found for a in part or ()]
    return None


# -- items as leaves --------------------------------------------------------------------------------------------------
def _leaves(b: Builder, x: Node, t: Type) -> list[Node]:
    """The scalars (of NumPy's kinds) and arrays of an item."""
    match t:
        case Scalar() if t in NUMPY:
            return [b.apply(f"to_{NUMPY[t].kind.removeprefix('np.')}", x)]
        case Scalar() | Array():
            return [x]
        case Tuple(items=items):
            return [leaf for k, i in enumerate(items) for leaf in _leaves(b, b.item(x, k), i)]
    return []


def _item(b: Builder, t: Type, leaves: Iterator[Node]) -> Node:
    """An item from its leaves."""
    match t:
        case Scalar() if t in NUMPY:
            return b.apply(f"of_{NUMPY[t].kind.removeprefix('np.')}", next(leaves))
        case Scalar() | Array():
            return next(leaves)
        case Tuple(items=items):
            return b.tuple([_item(b, i, leaves) for i in items])
    return constant(t.value if isinstance(t, Str) else None)


def _sizes(b: Builder, a: Node) -> list[Node]:
    assert isinstance(a.type, Array)
    return [b.apply("size", a, constant(d)) if n != "1" else constant(1) for d, n in enumerate(a.type.dims)]


def _at(b: Builder, a: Node, i: Node) -> Node:
    """One item of a buffer."""
    t = a.type
    assert isinstance(t, Array)
    if t.rank == 1:
        return b.apply("element", a, i)
    one = constant(1)
    bounds = [x for n in _sizes(b, a)[1:] for x in (constant(0), one, n)]
    row = b.apply("window", a, i, one, one, *bounds, type=Array(t.element, "1" + t.dims[1:]))
    return b.apply("with_axes", row, type=Array(t.element, t.dims[1:]))


def _with(b: Builder, a: Node, i: Node, leaf: Node) -> Node:
    """A buffer with another item; the sizes fit."""
    t = a.type
    assert isinstance(t, Array)
    if t.rank == 1:
        return b.apply("put", a, leaf, i)
    leaf = packed(b, leaf)
    row = b.apply("with_axes", leaf, type=Array(t.element, "1" + leaf.type.dims))  # type: ignore[union-attr]
    rest = [x for _ in t.dims[1:] for x in (constant(0), constant(1))]
    return b.apply("put_window", a, row, i, constant(1), *rest)


def _new(b: Builder, t: Array, sizes: Sequence[Node]) -> Node:
    """A new buffer, of zeros."""
    value = b.apply(f"to_{t.element.kind.removeprefix('np.')}", constant(ZEROS[t.element.kind]))
    return b.apply("filled", value, *(n for n, d in zip(sizes, t.dims) if d != "1"), type=t)


def _made(b: Builder, t: List, length: Node, buffers: Sequence[Node]) -> Node:
    return b.apply("record", length, *buffers, type=t)


# -- lists ------------------------------------------------------------------------------------------------------------
def length(b: Builder, xs: Node) -> Node:
    """The number of items."""
    return b.item(xs, 0)


def buffers(b: Builder, xs: Node) -> list[Node]:
    """The arrays of a list."""
    assert isinstance(xs.type, List)
    return [b.item(xs, k) for k in range(1, len(xs.type.items))]


def get(b: Builder, xs: Node, i: Node) -> Node:
    """An item; i is in range."""
    assert isinstance(xs.type, List)
    return _item(b, xs.type.item, iter([_at(b, a, i) for a in buffers(b, xs)]))


def put(b: Builder, xs: Node, i: Node, v: Node) -> Node:
    """A list with another item; i is in range."""
    t = xs.type
    assert isinstance(t, List)
    new = []
    for a, leaf in zip(buffers(b, xs), _leaves(b, v, t.item)):
        _check_sizes(b, a, leaf, constant(False))
        new.append(_with(b, a, i, leaf))
    return _made(b, t, length(b, xs), new)


def _check_sizes(b: Builder, a: Node, leaf: Node, empty: Node) -> None:
    """An item that is an array is of the sizes of the others."""
    if isinstance(leaf.type, Array):
        for n, m in zip(_sizes(b, a)[1:], _sizes(b, leaf)):
            fits = b.apply("or_", b.apply("ieq", n, m), empty)
            b.check(fits, "ValueError", "arrays of different shapes in one list are not supported")


def of_items(b: Builder, items: Sequence[Node], t: List) -> Node:
    """A list of known items, each of the item type."""
    leaves = [_leaves(b, x, t.item) for x in items]
    made = []
    for k, bt in enumerate(t.items[1:]):
        assert isinstance(bt, Array)
        sizes = _sizes(b, leaves[0][k]) if items and bt.rank > 1 else [constant(0)] * (bt.rank - 1)
        a = _new(b, bt, [constant(len(items)), *sizes])
        for i, own in enumerate(leaves):
            _check_sizes(b, a, own[k], constant(False))
            a = _with(b, a, constant(i), own[k])
        made.append(a)
    return _made(b, t, constant(len(items)), made)


def append(b: Builder, xs: Node, v: Node) -> Node:
    """A list with one more item."""
    t = xs.type
    assert isinstance(t, List)
    n, old, leaves = length(b, xs), buffers(b, xs), _leaves(b, v, t.item)
    after = b.apply("iadd", n, constant(1))
    if not old:
        return _made(b, t, after, [])
    empty = b.apply("ieq", n, constant(0))
    for a, leaf in zip(old, leaves):
        _check_sizes(b, a, leaf, empty)
    grow, keep = b.nested("grow"), b.nested("keep")
    room = b.apply("size", old[0], constant(0))
    twice = grow.apply("imul", room, constant(2))
    more = grow.apply("select", grow.apply("ilt", twice, constant(FIRST_ROOM)), constant(FIRST_ROOM), twice)
    larger = []
    for a, leaf in zip(old, leaves):
        assert isinstance(a.type, Array)
        inner = _sizes(grow, leaf) if isinstance(leaf.type, Array) else []
        new = _new(grow, a.type, [more, *inner])
        larger.append(_copied(grow, new, a, n))
    grow.graph.output, keep.graph.output = grow.tuple(larger), keep.tuple(old)
    type = Tuple(tuple(a.type for a in old))  # type: ignore[misc]
    whole = b.switch(b.apply("ieq", n, room), grow.graph, keep.graph, type)
    return _made(b, t, after, [_with(b, b.item(whole, k), n, leaf) for k, leaf in enumerate(leaves)])


def _copied(b: Builder, target: Node, a: Node, n: Node, at: Node | None = None) -> Node:
    """A buffer with the first n items of another one, from a position on. Nothing is copied of an empty one."""
    t = a.type
    assert isinstance(t, Array)
    one, start = constant(1), constant(0) if at is None else at
    inner = _sizes(b, a)[1:]
    bounds = [x for m in inner for x in (constant(0), one, m)]
    part = b.apply("window", a, constant(0), one, n, *bounds, type=Array(t.element, "?" + t.dims[1:]))
    return b.apply("put_window", target, part, start, one, *(x for _ in inner for x in (constant(0), one)))


def concatenated(b: Builder, xs: Node, ys: Node) -> Node:
    """The items of two lists of one type, in a new list."""
    t = xs.type
    assert isinstance(t, List)
    n, m = length(b, xs), length(b, ys)
    total = b.apply("iadd", n, m)
    made = []
    for x, y in zip(buffers(b, xs), buffers(b, ys)):
        assert isinstance(x.type, Array)
        first = b.apply("ieq", n, constant(0))
        inner = [b.apply("select", first, q, p) for p, q in zip(_sizes(b, x)[1:], _sizes(b, y)[1:])]
        for p, q in zip(_sizes(b, x)[1:], _sizes(b, y)[1:]):
            either = b.apply("or_", first, b.apply("ieq", m, constant(0)))
            fits = b.apply("or_", either, b.apply("ieq", p, q))
            b.check(fits, "ValueError", "arrays of different shapes in one list are not supported")
        new = _copied(b, _new(b, x.type, [total, *inner]), x, n)
        made.append(_copied(b, new, y, m, n))
    return _made(b, t, total, made)


def part(b: Builder, xs: Node, start: Node, step: Node, count: Node) -> Node:
    """A slice, as a new list."""
    t = xs.type
    assert isinstance(t, List)
    made = []
    for a in buffers(b, xs):
        assert isinstance(a.type, Array)
        bounds = [x for m in _sizes(b, a)[1:] for x in (constant(0), constant(1), m)]
        type = Array(a.type.element, a.type.dims, False)
        made.append(packed(b, b.apply("window", a, start, step, count, *bounds, type=type)))
    return _made(b, t, count, made)


def repeated(b: Builder, v: Node, n: Node) -> Node:
    """A list of one scalar, n times."""
    t = List(storable(v.type))  # type: ignore[arg-type]
    (leaf,) = _leaves(b, v, t.item)
    bt = t.items[1]
    return _made(b, t, n, [b.apply("filled", leaf, n, type=bt)])


def as_array(b: Builder, xs: Node) -> Node:
    """The items of a list of scalars or arrays as one array, which shares its memory."""
    t = xs.type
    assert isinstance(t, List)
    (a,) = buffers(b, xs)
    bounds = [x for m in _sizes(b, a)[1:] for x in (constant(0), constant(1), m)]
    return b.apply("window", a, constant(0), constant(1), length(b, xs), *bounds, type=a.type)


def retyped(b: Builder, xs: Node, t: List, convert: Callable[[Builder, Node, Type], Node]) -> Node:
    """A list as one of another type of items: of ints as floats, if each of them is exact; of arrays of other sizes."""
    made = []
    for a, target in zip(buffers(b, xs), t.items[1:]):
        assert isinstance(a.type, Array) and isinstance(target, Array)
        if a.type.element != target.element:
            raise TypeError(f"a list of {a.type.element} as one of {target.element}")
        made.append(convert(b, a, target))
    return _made(b, t, length(b, xs), made)


def shortened(b: Builder, xs: Node) -> Node:
    """A list without its last item; it has one."""
    t = xs.type
    assert isinstance(t, List)
    return _made(b, t, b.apply("isub", length(b, xs), constant(1)), buffers(b, xs))
