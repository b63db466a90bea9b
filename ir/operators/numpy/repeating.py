"""What repeats or extends arrays: tile, repeat, meshgrid, pad."""

from __future__ import annotations

from functools import partial
from typing import Any

from tapeless.ir.operators.arrays import axis_in, filled, sizes
from tapeless.ir.operators.elementwise import casted, element_kind, mapped, numpy_function
from tapeless.ir.operators.indexing import Index, gathered
from tapeless.ir.operators.numbers import either, index, refuse
from tapeless.ir.operators.numpy.arranging import along, need_arrays, with_dims
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import line
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import is_kind
from tapeless.ir.primitive import Mismatch, Ops, operator


def spread(ops: Ops, a: Any, copies: list[tuple[int, Any]]) -> Any:
    """An array, broadcast along some of its dimensions of size 1 to sizes: a new array."""
    kind, dims = element_kind(ops, a), ops.array_type(a).dims
    lines = [line(ops, n, "".join("?" if k == d else "1" for k in range(len(dims))), d) for d, n in copies]
    return mapped(ops, [kind, *("np.i64" for _ in lines)], kind, lambda ops, x, *_: x, a, *lines)


def _counts(ops: Ops, given: Any) -> list[Any]:
    counts = [index(ops, n) for n in (ops.items(given) if ops.kind(given) in ("tuple", "list") else [given])]
    for n in counts:
        refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", "counts cannot be negative")
    return counts


@operator("np.tile", numpy_function("tile"), keywords=("A", "reps"))
def tile(ops: Ops, a: Any, reps: Any) -> Any:
    """np.tile(A, reps): the array, as often along each dimension as `reps` says."""
    need_arrays(ops, "tile", a)
    counts = _counts(ops, reps)
    rank = max(len(counts), ops.array_type(a).rank)
    counts = [ops.lift(1)] * (rank - len(counts)) + counts
    a = with_dims(ops, a, ops.array_type(a).dims.rjust(rank, "1"))
    lengths = [ops.apply("imul", n, m) for n, m in zip(counts, sizes(ops, a))]
    blocks = with_dims(ops, a, "".join("1" + d for d in ops.array_type(a).dims))
    return reshaped(ops, spread(ops, blocks, [(2 * d, n) for d, n in enumerate(counts)]), lengths)


@operator("np.repeat", numpy_function("repeat"), keywords=("a", "repeats", "axis"))
def repeat(ops: Ops, a: Any, repeats: Any, axis: Any = None) -> Any:
    """np.repeat(a, n, axis=None): each element (or row) n times, or as often as n, an array or list, says for it."""
    need_arrays(ops, "repeat", a)
    if axis is None or ops.kind(axis) == "none":
        a, d = reshaped(ops, a, [ops.lift(-1)]), 0
    else:
        d = axis_in(ops, axis, ops.array_type(a).rank)
    if ops.kind(repeats) in ("array", "tuple", "list"):
        return ops.operate("np.take", a, _repeated(ops, as_array(ops, repeats), sizes(ops, a)[d]), ops.lift(d))
    (n,) = _counts(ops, repeats)
    dims, lengths = ops.array_type(a).dims, sizes(ops, a)
    lengths[d] = ops.apply("imul", lengths[d], n)
    return reshaped(ops, spread(ops, with_dims(ops, a, dims[: d + 1] + "1" + dims[d + 1 :]), [(d + 1, n)]), lengths)


TOO_BIG = "Maximum allowed dimension exceeded"


def _repeated(ops: Ops, counts: Any, n: Any) -> Any:
    """Which of n elements stands where, if each is repeated as often as an array says (of one element: of them all)."""
    if is_kind(element_kind(ops, counts), "float") or ops.array_type(counts).rank != 1:
        raise Mismatch("repeat needs ints, in one dimension")
    (given,) = sizes(ops, counts)
    fits = either(ops, ops.apply("ieq", given, n), ops.apply("ieq", given, ops.lift(1)))
    ops.check(fits, "ValueError", "operands could not be broadcast together with shape ({},) ({},)", n, given)
    counts = ops.operate("np.broadcast_to", casted(ops, counts, "np.i64"), ops.tuple([n]))
    natural = ops.operate("np.all", ops.operate("ge", counts, ops.lift(0)))
    ops.check(ops.operate("truth", natural), "ValueError", "repeats may not contain negative values.")
    many = ops.operate("np.sum", casted(ops, counts, "np.f64"))
    ops.check(ops.operate("truth", ops.operate("lt", many, ops.lift(2.0**62))), "ValueError", TOO_BIG)
    total, ends = ops.operate("np.sum", counts), ops.operate("np.cumsum", counts)
    return ops.operate("np.searchsorted", ends, ops.operate("np.arange", total), ops.lift("right"))


@operator("np.meshgrid", numpy_function("meshgrid"), keywords=("indexing",))
def meshgrid(ops: Ops, *xi: Any, indexing: Any = None) -> Any:
    """np.meshgrid(*xi, indexing='xy'): each vector along a dimension of its own, broadcast: a tuple of new arrays."""
    order = "xy" if indexing is None else ops.need_constant(indexing, "`indexing`")
    if order not in ("xy", "ij"):
        return ops.raise_("ValueError", "Valid values for `indexing` are 'xy' and 'ij'.")
    need_arrays(ops, "meshgrid", *xi)
    rank = len(xi)
    vectors = [x if ops.array_type(x).rank == 1 else reshaped(ops, x, [ops.lift(-1)]) for x in xi]
    place = list(range(rank))
    if order == "xy" and rank > 1:
        place[:2] = 1, 0
    out = []
    for k, (x, d) in enumerate(zip(vectors, place)):
        own = along(ops, x, d, rank)
        others = [(place[j], sizes(ops, y)[0]) for j, y in enumerate(vectors) if j != k]
        out.append(spread(ops, own, others))
    return ops.tuple(out)


# -- padding ----------------------------------------------------------------------------------------------------------
def _widths(ops: Ops, given: Any, rank: int) -> list[tuple[Any, Any]]:
    """How many elements come before and behind, for each dimension."""
    pairs = ops.items(given) if ops.kind(given) in ("tuple", "list") else [given]
    if any(ops.kind(p) in ("tuple", "list") for p in pairs):
        rows = [[index(ops, n) for n in (ops.items(p) if ops.kind(p) in ("tuple", "list") else [p])] for p in pairs]
    else:
        rows = [[index(ops, n) for n in pairs]]
    rows = rows * rank if len(rows) == 1 else rows
    if len(rows) != rank or any(len(r) > 2 for r in rows):
        raise Mismatch("pad_width does not fit the dimensions of the array")
    for n in (n for r in rows for n in r):
        refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", "index can't contain negative values")
        ops.check(ops.apply("ilt", n, ops.lift(2**60)), "ValueError", "negative dimensions are not allowed")
    return [(r[0], r[-1]) for r in rows]


def _edge(ops: Ops, i: Any, n: Any) -> Any:
    """The position that one outside of 0 to n - 1 repeats."""
    zero, last = ops.lift(0), ops.apply("isub", n, ops.lift(1))
    low = ops.apply("select", ops.apply("ilt", i, zero), zero, i)
    return ops.apply("select", ops.apply("ilt", last, low), last, low)


def _reflect(ops: Ops, i: Any, n: Any) -> Any:
    """The position that one outside of 0 to n - 1 mirrors, at the first and last elements in turn."""
    last = ops.apply("isub", n, ops.lift(1))
    period = ops.apply("imul", last, ops.lift(2))
    some = ops.apply("select", ops.apply("ieq", last, ops.lift(0)), ops.lift(1), period)
    at = ops.apply("imod", i, some)
    return ops.apply("select", ops.apply("ilt", last, at), ops.apply("isub", period, at), at)


def _wrap(ops: Ops, i: Any, n: Any) -> Any:
    return ops.apply("imod", i, ops.apply("select", ops.apply("ieq", n, ops.lift(0)), ops.lift(1), n))


MODES = {"edge": _edge, "reflect": _reflect, "wrap": _wrap}


def _place(ops: Ops, how: str, n: Any, before: Any, i: Any) -> Any:
    """Where the element at a position of the padded array comes from."""
    return MODES[how](ops, ops.apply("isub", i, before), n)


@operator("np.pad", numpy_function("pad"), keywords=("array", "pad_width", "mode", "constant_values"))
def pad(ops: Ops, array: Any, pad_width: Any, mode: Any = None, constant_values: Any = None) -> Any:
    """np.pad(array, pad_width, mode='constant', constant_values=0), also of the modes edge, reflect and wrap."""
    need_arrays(ops, "pad", array)
    a, how = ops.plain(array), "constant" if mode is None else ops.need_constant(mode, "the mode of pad")
    widths, lengths = _widths(ops, pad_width, ops.array_type(a).rank), sizes(ops, a)
    whole = [ops.apply("iadd", n, ops.apply("iadd", *w)) for n, w in zip(lengths, widths)]
    if how == "constant":
        return _with_border(ops, a, widths, whole, constant_values)
    if how not in MODES:
        raise Mismatch(f"the mode {how!r} of pad is not supported")
    if constant_values is not None:
        return ops.raise_("ValueError", f"unsupported keyword arguments for mode '{how}'")
    for n, w in zip(lengths, widths):
        nothing = ops.apply("ieq", ops.apply("iadd", *w), ops.lift(0))
        fine = ops.apply("or_", nothing, ops.apply("ine", n, ops.lift(0)))
        ops.check(fine, "ValueError", f"can't extend empty axis using mode '{how}'")
    at, dims = [], "?" * len(whole)
    for d, (n, (before, _)) in enumerate(zip(lengths, widths)):
        at.append(Index(line(ops, whole[d], dims, d), partial(_place, ops, how, n, before)))
    return gathered(ops, a, at)


def _with_border(ops: Ops, a: Any, widths: list[tuple[Any, Any]], whole: list[Any], value: Any) -> Any:
    if value is not None and ops.kind(value) in ("tuple", "list", "array"):
        raise Mismatch("pad with several constant values is not supported")
    kind = element_kind(ops, a)
    border = casted(ops, ops.lift(0) if value is None else value, kind)
    out = filled(ops, border, whole, "?" * len(whole), kind)
    return ops.apply("put_window", out, a, *(x for w in widths for x in (w[0], ops.lift(1))))
