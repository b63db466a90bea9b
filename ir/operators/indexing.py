"""Arrays as indices: a[i, j], a[mask], and writing to what they mean.

Each dimension of the array gets an index: an int, an array of ints, or the positions that a slice takes. A mask stands
for one array for each of its dimensions: where it holds. The result is a nest over these arrays, broadcast, whose map
captures `a` and takes an element: so what is taken is fused with what is done with it.

    a[i, 1:]    =>    nest(map(x, k) = element(a, x, 1 + k), i[:, None], iota(size - 1))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.ir.abstract import NP_I64, Array
from tapeless.ir.dataclass import dataclass
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.arrays import Part, part_of, sizes
from tapeless.ir.operators.numbers import either, refuse
from tapeless.ir.operators.ufuncs import machine, made
from tapeless.ir.primitive import Mismatch, Ops

NO_INDEX = "arrays used as indices must be of integer (or boolean) type"
TOO_MANY = "too many indices for array: array is {}-dimensional, but {} were indexed"
NEW, DOTS = "new", "dots"


@dataclass(frozen=True)
class Index:
    """The index of one dimension: an int, or an array of ints, each of which `at` makes the index of."""

    value: Any
    at: Callable[[Any], Any] = lambda i: i


@dataclass(frozen=True)
class Meant:
    """What indices mean of an array: the elements at an index for each of its dimensions.

    dims, sizes   of the result; `inner` are the dimensions without those of None
    distinct      no element is meant twice
    """

    indices: list[Index]
    dims: str
    sizes: list[Any]
    inner: str
    distinct: bool


def keys_of(ops: Ops, key: Any) -> list[Any]:
    """The indices that stand between brackets; a list is an array of them."""
    keys = list(ops.items(key)) if ops.kind(key) == "tuple" else [key]
    return [ops.operate("np.array", k) if ops.kind(k) == "list" else k for k in keys]


def is_advanced(ops: Ops, key: Any) -> bool:
    """Whether an index has arrays or lists in it."""
    return any(ops.kind(k) in ("array", "list") for k in (ops.items(key) if ops.kind(key) == "tuple" else [key]))


def take(ops: Ops, a: Any, key: Any) -> Any:
    """a[key], a new array."""
    a = ops.plain(a)
    m = meant(ops, a, keys_of(ops, key))
    out = gathered(ops, a, m.indices)
    t = ops.array_type(out)
    return ops.make("with_axes", Array(t.element, m.dims), out) if m.dims != m.inner else out


def gathered(ops: Ops, a: Any, indices: list[Index]) -> Any:
    """The elements of an array at indices, one for each dimension; one at least is an array."""
    arrays = [i.value for i in indices if ops.kind(i.value) == "array"]

    def body(*elements: Any) -> list[Any]:
        rest = iter(elements)
        return [
            ops.apply(
                "element", a, *(i.at(machine(ops, next(rest))) if _is_array(ops, i) else i.value for i in indices)
            )
        ]

    return ops.nest(["each"], body, arrays)[0]


def put_elements(ops: Ops, a: Any, v: Any, m: Meant) -> Any:
    """A packed array with the elements of v, which has the dimensions `m.inner`, where indices mean."""
    return ops.apply("put_at", a, v, ops.lift("distinct" if m.distinct else ""), *places_of(ops, m))


def places_of(ops: Ops, m: Meant) -> list[Any]:
    """An index for each dimension: an int, or an array of them."""
    return [i.value if not _is_array(ops, i) else _computed(ops, i) for i in m.indices]


def _computed(ops: Ops, i: Index) -> Any:
    return ops.nest(["each"], lambda x: [made(ops, "np.i64", i.at(machine(ops, x)))], [i.value])[0]


def _is_array(ops: Ops, i: Index) -> bool:
    return ops.kind(i.value) == "array"


# -- what is meant ----------------------------------------------------------------------------------------------------
def meant(ops: Ops, a: Any, keys: list[Any]) -> Meant:
    """What keys, of which one at least is an array, mean of an array."""
    keys = [k if ops.kind(k) != "array" else ops.plain(k) for k in keys]
    entries = _entries(ops, a, keys)
    arrays = [k for k in keys if ops.kind(k) == "array"]
    distinct = (
        len(arrays) == 1 and _is_mask(ops, arrays[0]) and all(ops.kind(k) in ("array", "none", "record") for k in keys)
    )
    places = [n for n, e in enumerate(entries) if isinstance(e, Index)]
    dims, lengths = broadcast(ops, [entries[n].value for n in places if _is_array(ops, entries[n])])
    # what is broadcast stands where it stood; in front, where something stands between the parts of it
    before = places[0] if places[-1] - places[0] == len(places) - 1 else 0
    others = [n for n, e in enumerate(entries) if not isinstance(e, Index) and e != DOTS]
    out_dims, out_sizes, inner = "", [], ""
    place: dict[int, int] = {}
    for n in [*(n for n in others if n < before), -1, *(n for n in others if n >= before)]:
        e = entries[n] if n >= 0 else None
        if e is None:
            inner += dims
            place[-1] = len(inner)
        elif e != NEW:
            place[n] = len(inner)
            inner += e.dim
        out_dims += dims if e is None else "1" if e == NEW else e.dim
        out_sizes += lengths if e is None else [ops.lift(1)] if e == NEW else [e.size]
    indices = []
    for n, e in enumerate(entries):
        if isinstance(e, Part):
            indices.append(_along(ops, e, place[n], len(inner)))
        elif isinstance(e, Index):
            indices.append(_aligned(ops, e, place[-1], len(inner)) if _is_array(ops, e) else e)
    return Meant(indices, out_dims, out_sizes, inner, distinct)


def _entries(ops: Ops, a: Any, keys: list[Any]) -> list[Any]:
    """For each key what it means: indices, the part that a slice takes, a new dimension, or where `...` stood."""
    rank, lengths = ops.array_type(a).rank, sizes(ops, a)
    given = sum(_takes(ops, k) for k in keys)
    if given > rank:
        ops.raise_("IndexError", TOO_MANY.format(rank, given))
    if sum(_is_dots(ops, k) for k in keys) > 1:
        raise Mismatch("an index can only have a single ellipsis ('...')")
    keys = keys if any(_is_dots(ops, k) for k in keys) else [*keys, None]
    out: list[Any] = []
    axis = 0
    for k in keys:
        if k is None or _is_dots(ops, k):
            out += [DOTS] if k is not None else []
            for _ in range(rank - given):
                out.append(part_of(ops, None, lengths[axis], ops.array_type(a).dims[axis], axis))
                axis += 1
        elif ops.kind(k) == "none":
            out.append(NEW)
        elif ops.kind(k) == "array":
            out += (
                _of_mask(ops, k, lengths, axis) if _is_mask(ops, k) else [_in_range(ops, k, lengths[axis], axis, keys)]
            )
            axis += _takes(ops, k)
        else:
            part = part_of(ops, k, lengths[axis], ops.array_type(a).dims[axis], axis)
            out.append(Index(part.start) if part.dropped else part)
            axis += 1
    return out


def _is_dots(ops: Ops, k: Any) -> bool:
    return k is not None and ops.kind(k) == "record" and bool(ops.tag(k) == "ellipsis")


def _is_mask(ops: Ops, k: Any) -> bool:
    return ops.array_type(k).element.kind == "np.bool"


def _takes(ops: Ops, k: Any) -> int:
    """How many dimensions of an array a key is about."""
    if ops.kind(k) == "none" or _is_dots(ops, k):
        return 0
    return ops.array_type(k).rank if ops.kind(k) == "array" and _is_mask(ops, k) else 1


def broadcast(ops: Ops, arrays: list[Any]) -> tuple[str, list[Any]]:
    """The dimensions and sizes that arrays of indices are broadcast to."""
    dims, lengths = "", []
    for d in range(-max(ops.array_type(a).rank for a in arrays), 0):
        given = [(ops.array_type(a).dims[d], sizes(ops, a)[d]) for a in arrays if ops.array_type(a).rank >= -d]
        sort = "n" if "n" in (s for s, _ in given) else "?" if "?" in (s for s, _ in given) else "1"
        size, *others = [n for s, n in given if s == sort]
        for n in others if sort == "?" else ():
            size = ops.apply("select", ops.apply("ieq", size, ops.lift(1)), n, size)
        for s, n in given:
            if s != "1" and ops.constant(fits := ops.apply("ieq", n, size)) is not True:
                fits = either(ops, fits, ops.apply("ieq", n, ops.lift(1))) if s == "?" else fits
                ops.check(fits, "IndexError", "shape mismatch: indexing arrays could not be broadcast together")
        dims += sort
        lengths.append(size)
    return dims, lengths


def _along(ops: Ops, p: Part, d: int, rank: int) -> Index:
    """The positions that a slice takes, along dimension d of the result."""
    if p.dim == "1":
        return Index(p.start)
    at = ops.make("with_axes", Array(NP_I64, "1" * d + "?" + "1" * (rank - d - 1)), ops.apply("iota", p.size))
    return Index(at, lambda i: ops.apply("iadd", ops.apply("imul", i, p.step), p.start))


def _aligned(ops: Ops, i: Index, end: int, rank: int) -> Index:
    """An index whose last dimension is the one before `end` of the result."""
    t = ops.array_type(i.value)
    dims = t.dims.rjust(end, "1") + "1" * (rank - end)
    return i if dims == t.dims else Index(ops.make("with_axes", Array(t.element, dims, t.packed), i.value), i.at)


def check_mask(ops: Ops, fits: Any, axis: int, size: Any, own: Any) -> None:
    """Raise IndexError unless a mask has the size of the array along an axis."""
    message = f"boolean index did not match indexed array along axis {axis}; size of axis is {{}} but size of"
    ops.check(fits, "IndexError", f"{message} corresponding boolean axis is {{}}", size, own)


# -- arrays among the keys --------------------------------------------------------------------------------------------
def _of_mask(ops: Ops, mask: Any, lengths: list[Any], axis: int) -> list[Index]:
    """The indices that a mask stands for, which is about dimensions from `axis` on."""
    for d, (n, m) in enumerate(zip(sizes(ops, mask), lengths[axis:])):
        fits = either(ops, ops.apply("ieq", n, m), ops.apply("ieq", n, ops.lift(0)))  # NumPy takes nothing then
        check_mask(ops, fits, axis + d, m, n)
    return where_true(ops, mask)


def where_true(ops: Ops, mask: Any) -> list[Index]:
    """Where a mask holds: an index for each of its dimensions, out of positions in C order."""
    flat, below = ops.apply("positions", mask), ops.lift(1)
    out: list[Index] = []
    for d, n in reversed(list(enumerate(sizes(ops, mask)))):
        out.append(Index(flat, _digit(ops, below, n if d else None)))
        below = ops.apply("imul", below, n)
    return out[::-1]


def _digit(ops: Ops, below: Any, size: Any) -> Callable[[Any], Any]:
    """From a position in C order to one along a dimension: of `size`, with `below` elements for each."""

    def at(p: Any) -> Any:
        if ops.constant(below) != 1:
            p = ops.apply("ifloordiv", p, _not_zero(ops, below))
        return p if size is None else ops.apply("imod", p, _not_zero(ops, size))

    return at


def _not_zero(ops: Ops, n: Any) -> Any:
    """A divisor: n, or 1 where there is nothing to divide."""
    return ops.apply("select", ops.apply("ieq", n, ops.lift(0)), ops.lift(1), n)


def whole(ops: Ops, a: Any) -> Any:
    """An array of ints of any width as one of 64 bits; another array as it is."""
    kind = ops.array_type(a).element.kind
    if ELEMENTS[kind].machine != "int" or kind == "np.i64":
        return a
    return ops.nest(["each"], lambda x: [made(ops, "np.i64", machine(ops, x))], [a])[0]


def _in_range(ops: Ops, i: Any, n: Any, axis: int, keys: list[Any]) -> Index:
    """An array of indices, checked; negative ones count from the end."""
    i = whole(ops, i)
    if ops.array_type(i).element != NP_I64:
        ops.raise_("IndexError", NO_INDEX)
    every = "1" * ops.array_type(i).rank
    least, most = ops.nest([f"min:{every}", f"max:{every}"], lambda x: [x, x], [i])  # of no elements: in range
    low = ops.apply("ilt", machine(ops, least), ops.apply("ineg", n))
    outside = either(ops, low, ops.apply("ile", n, machine(ops, most)))
    for other in (k for k in keys if k is not None and k is not i and ops.kind(k) == "array"):
        for m in sizes(ops, other):  # nothing is taken where another one is empty
            outside = ops.apply("and_", outside, ops.apply("ine", m, ops.lift(0)))
    found = ops.apply("select", low, machine(ops, least), machine(ops, most))
    refuse(ops, outside, "IndexError", f"index {{}} is out of bounds for axis {axis} with size {{}}", found, n)

    def from_start(x: Any) -> Any:
        return ops.apply("select", ops.apply("ilt", x, ops.lift(0)), ops.apply("iadd", x, n), x)

    return Index(i, from_start)
