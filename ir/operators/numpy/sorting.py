"""What takes, finds, sorts and counts elements by their indices."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import NP_F64, NP_I64, Array
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.arrays import axis_in, filled, sizes, transposed
from tapeless.ir.operators.elementwise import common_kind, converted, element_kind, mapped, numpy_function
from tapeless.ir.operators.indexing import Index, gathered, meant, take, where_true, whole
from tapeless.ir.operators.numbers import index, refuse
from tapeless.ir.operators.numpy.creation import positions, refuse_arguments
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import as_kind, machine, made
from tapeless.ir.primitive import Mismatch, Ops, operator


def _array(ops: Ops, name: str, a: Any) -> Any:
    if ops.kind(a) != "array":
        raise Mismatch(f"{name} of what is no array is not supported")
    return ops.plain(a)


def _along(ops: Ops, a: Any, axis: Any, default: int | None = None) -> tuple[Any, int]:
    """The array and the dimension that `axis` means: None is all elements in a row."""
    if axis is None and default is not None:
        return a, default % ops.array_type(a).rank
    if axis is None or ops.kind(axis) == "none":
        return reshaped(ops, a, [ops.lift(-1)]), 0
    return a, axis_in(ops, axis, ops.array_type(a).rank)


# -- taking -----------------------------------------------------------------------------------------------------------
@operator("np.take", numpy_function("take"), keywords=("a", "indices", "axis", "out", "mode"))
def np_take(ops: Ops, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = None) -> Any:
    """np.take(a, indices, axis=None)."""
    refuse_arguments(ops, "take", out=out, mode=mode)
    a, d = _along(ops, _array(ops, "take", a), axis)
    if ops.kind(indices) == "array" and element_kind(ops, indices) == "np.bool":
        indices = converted(ops, indices, "np.i64")
    indices = whole(ops, indices) if ops.kind(indices) == "array" else indices
    if element_kind(ops, indices) not in ("np.i64", "int"):
        raise Mismatch("Cannot cast array data to dtype('int64') according to the rule 'safe'")
    full = ops.record("slice", [ops.lift(None)] * 3)
    key = ops.tuple([indices if k == d else full for k in range(ops.array_type(a).rank)])
    if ops.kind(indices) == "array":
        return take(ops, a, key)
    out = ops.operate("getitem", a, key)
    return ops.operate("np.copy", out) if ops.kind(out) == "array" else out


def taken_along(ops: Ops, a: Any, indices: Index, d: int) -> Any:
    """The elements at indices along a dimension, each from its own row."""
    rank = ops.array_type(a).rank
    others = [Index(positions(ops, a, k)) for k in range(rank) if k != d]
    return gathered(ops, a, [*others[:d], indices, *others[d:]])


@operator("np.take_along_axis", numpy_function("take_along_axis"), keywords=("arr", "indices", "axis"))
def take_along_axis(ops: Ops, arr: Any, indices: Any, axis: Any = None) -> Any:
    """np.take_along_axis(arr, indices, axis=-1)."""
    arr, indices = (_array(ops, "take_along_axis", x) for x in (arr, indices))
    arr, d = _along(ops, arr, axis, -1)
    indices = whole(ops, indices)
    if ops.array_type(indices).element != NP_I64:
        return ops.raise_("IndexError", "`indices` must be an integer array")
    if ops.array_type(arr).rank != ops.array_type(indices).rank:
        return ops.raise_("ValueError", "`indices` and `arr` must have the same number of dimensions")
    others = [positions(ops, arr, k) for k in range(ops.array_type(arr).rank) if k != d]
    m = meant(ops, arr, [*others[:d], indices, *others[d:]])
    return gathered(ops, arr, m.indices)


# -- where something holds --------------------------------------------------------------------------------------------
def _mask(ops: Ops, a: Any) -> Any:
    """Whether the elements of an array count as true."""
    kind = element_kind(ops, a)
    if kind == "np.bool":
        return a
    return mapped(ops, [kind], "np.bool", lambda ops, x: ops.operate("truth", x), a)


@operator("np.nonzero", numpy_function("nonzero"), keywords=("a",))
def nonzero(ops: Ops, a: Any) -> Any:
    """np.nonzero(a): for each dimension the indices of what is not zero."""
    found = where_true(ops, _mask(ops, _array(ops, "nonzero", a)))

    def computed(i: Index) -> Any:
        return ops.nest(["each"], lambda p: [made(ops, "np.i64", i.at(machine(ops, p)))], [i.value])[0]

    return ops.tuple([found[0].value] if len(found) == 1 else list(map(computed, found)))


@operator("np.flatnonzero", numpy_function("flatnonzero"), keywords=("a",))
def flatnonzero(ops: Ops, a: Any) -> Any:
    """np.flatnonzero(a)."""
    return ops.apply("positions", _mask(ops, _array(ops, "flatnonzero", a)))


@operator("np.argwhere", numpy_function("argwhere"), keywords=("a",))
def argwhere(ops: Ops, a: Any) -> Any:
    """np.argwhere(a): a row of indices for each element that is not zero."""
    return ops.operate("np.stack", ops.operate("np.nonzero", a), ops.lift(1))


# -- sorting ----------------------------------------------------------------------------------------------------------
KINDS_OF_SORT = ("quicksort", "heapsort", "mergesort", "stable")


def _order(ops: Ops, name: str, a: Any, axis: Any, kind: Any, stable: Any) -> tuple[Any, Any, int]:
    """An array, the indices that sort it along a dimension, and which."""
    if kind is not None and ops.kind(kind) != "none" and ops.constant(kind) not in KINDS_OF_SORT:
        raise Mismatch(f"sort kind must be one of {', '.join(KINDS_OF_SORT)}")
    a, d = _along(ops, _array(ops, name, a), axis, -1)
    rank, keys = ops.array_type(a).rank, whole(ops, a)
    if element_kind(ops, keys) == "np.f32":
        keys = converted(ops, keys, "np.f64")
    if d == rank - 1:
        return a, ops.apply("argsort", keys), d
    swap = list(range(rank))
    swap[d], swap[-1] = swap[-1], swap[d]
    return a, transposed(ops, ops.apply("argsort", transposed(ops, keys, swap)), swap), d


@operator("np.sort", numpy_function("sort"), keywords=("a", "axis", "kind", "order", "stable"))
def sort(ops: Ops, a: Any, axis: Any = None, kind: Any = None, order: Any = None, stable: Any = None) -> Any:
    """np.sort(a, axis=-1): a sorted copy."""
    refuse_arguments(ops, "sort", order=order)
    a, at, d = _order(ops, "sort", a, axis, kind, stable)
    return taken_along(ops, a, Index(at), d)


@operator("np.ndarray.sort", numpy_function("sort"), keywords=("dst", "axis", "kind", "order", "stable"))
def sort_method(ops: Ops, dst: Any, axis: Any = None, kind: Any = None, order: Any = None, stable: Any = None) -> Any:
    """a.sort(axis=-1): what a[...] becomes."""
    if ops.kind(dst) != "array":
        raise Mismatch(f"sort of an object of type '{ops.describe(dst)}' is not supported: it is of arrays")
    if axis is not None and ops.kind(axis) == "none":
        raise Mismatch("'NoneType' object cannot be interpreted as an integer")
    return sort.expand(ops, dst, axis, kind, order, stable)


@operator("np.argsort", numpy_function("argsort"), keywords=("a", "axis", "kind", "order", "stable"))
def argsort(ops: Ops, a: Any, axis: Any = None, kind: Any = None, order: Any = None, stable: Any = None) -> Any:
    """np.argsort(a, axis=-1): the indices that sort; of equal elements the first one first."""
    refuse_arguments(ops, "argsort", order=order)
    _, at, _ = _order(ops, "argsort", a, axis, kind, stable)
    return at if ops.array_type(at).packed else converted(ops, at, "np.i64")


@operator("np.searchsorted", numpy_function("searchsorted"), keywords=("a", "v", "side", "sorter"))
def searchsorted(ops: Ops, a: Any, v: Any, side: Any = None, sorter: Any = None) -> Any:
    """np.searchsorted(a, v, side='left'): where to put v to keep a sorted."""
    refuse_arguments(ops, "searchsorted", sorter=sorter)
    a, which = _array(ops, "searchsorted", a), "left" if side is None else ops.constant(side)
    if which not in ("left", "right"):
        raise Mismatch("search side must be 'left' or 'right'")
    if ops.array_type(a).rank != 1:
        return ops.raise_("ValueError", "object too deep for desired array")
    kind = {"float": "np.f64", "int": "np.i64", "bool": "np.bool"}[ELEMENTS[common_kind(ops, a, v)].machine]
    a = a if element_kind(ops, a) == kind else converted(ops, a, kind)

    def find(x: Any) -> Any:
        return made(ops, "np.i64", ops.apply("bisect", a, made(ops, kind, as_kind(ops, x, kind)), ops.lift(which)))

    return ops.nest(["each"], lambda x: [find(x)], [v])[0] if ops.kind(v) == "array" else find(v)


# -- counting ---------------------------------------------------------------------------------------------------------
@operator("np.bincount", numpy_function("bincount"), keywords=("x", "weights", "minlength"))
def bincount(ops: Ops, x: Any, weights: Any = None, minlength: Any = None) -> Any:
    """np.bincount(x, weights=None, minlength=0): how often each int occurs, or the sum of the weights of those."""
    x = _array(ops, "bincount", x)
    if ops.array_type(x).rank != 1:
        return ops.raise_("ValueError", "object too deep for desired array")
    if ELEMENTS[element_kind(ops, x)].machine == "float":
        raise Mismatch("Cannot cast array data from dtype('float64') to dtype('int64') according to the rule 'safe'")
    x = converted(ops, x, "np.i64") if element_kind(ops, x) == "np.bool" else whole(ops, x)
    least = ops.lift(0) if minlength is None else index(ops, minlength)
    refuse(ops, ops.apply("ilt", least, ops.lift(0)), "ValueError", "'minlength' must not be negative")
    low, high = (machine(ops, n) for n in ops.nest(["min:1", "max:1"], lambda i: [i, i], [x]))
    negative = ops.apply("ilt", low, ops.lift(0))
    refuse(ops, negative, "ValueError", "'list' argument must have no negative elements")
    empty = ops.apply("ieq", sizes(ops, x)[0], ops.lift(0))
    count = ops.apply("select", empty, ops.lift(0), ops.apply("iadd", high, ops.lift(1)))
    count = ops.apply("select", ops.apply("ilt", count, least), least, count)
    if weights is None or ops.kind(weights) == "none":
        one = filled(ops, ops.lift(1), sizes(ops, x), ops.array_type(x).dims, "np.i64")
        return ops.apply("add_at", filled(ops, ops.lift(0), [count], "?", "np.i64"), one, x)
    weights = _array(ops, "bincount", weights)
    if ops.array_type(weights).rank != 1:
        return ops.raise_("ValueError", "object too deep for desired array")
    equal = ops.apply("ieq", sizes(ops, weights)[0], sizes(ops, x)[0])
    ops.check(equal, "ValueError", "The weights and list don't have the same length.")
    weights = weights if element_kind(ops, weights) == "np.f64" else converted(ops, weights, "np.f64")
    return ops.apply("add_at", ops.make("zeros", Array(NP_F64, "?"), count), weights, x)
