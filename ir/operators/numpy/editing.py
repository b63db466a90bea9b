"""Arrays turned, and with elements put in, left out or added to: rot90, flipud, append, insert, delete, add.at."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import axes_in, axis_in, filled, sizes, transposed
from tapeless.ir.operators.elementwise import casted, common_kind, element_kind, numpy_function
from tapeless.ir.operators.indexing import take
from tapeless.ir.operators.iteration import known_items
from tapeless.ir.operators.numbers import either, index, known_index, refuse
from tapeless.ir.operators.numpy.arranging import need_arrays, with_dims
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import spread_to
from tapeless.ir.operators.numpy.shapes import joined, part_along, reshaped
from tapeless.ir.operators.writing import add_at, put
from tapeless.ir.primitive import Mismatch, Ops, operator


def _turned(ops: Ops, m: Any, axis: int) -> Any:
    none = ops.lift(None)
    return part_along(ops, m, axis, none, none, ops.lift(-1))


@operator("np.rot90", numpy_function("rot90"), keywords=("m", "k", "axes"))
def rot90(ops: Ops, m: Any, k: Any = None, axes: Any = None) -> Any:
    """np.rot90(m, k=1, axes=(0, 1)): turned k times, a known number, from the first to the second axis."""
    need_arrays(ops, "rot90", m)
    rank = ops.array_type(m).rank
    plane = [0, 1] if axes is None else axes_in(ops, axes, rank)
    if len(plane) != 2 or rank < 2:
        raise Mismatch("rot90 turns in two axes of an array")
    times = 1 if k is None else known_index(ops, k, "how often to turn") % 4
    first, second = plane
    if times == 2:
        return _turned(ops, _turned(ops, m, first), second)
    swapped = [second if d == first else first if d == second else d for d in range(rank)]
    if times == 1:
        return transposed(ops, _turned(ops, m, second), swapped)
    return _turned(ops, transposed(ops, m, swapped), second) if times == 3 else m


def _flip(name: str, axis: int) -> None:
    def expand(ops: Ops, m: Any) -> Any:
        need_arrays(ops, name, m)
        if ops.array_type(m).rank <= axis:
            return ops.raise_("ValueError", f"Input must be >= {axis + 1}-d.")
        return _turned(ops, m, axis)

    expand.__doc__ = f"np.{name}(m): the order reversed along dimension {axis}."
    operator(f"np.{name}", numpy_function(name), keywords=("m",))(expand)


_flip("flipud", 0)
_flip("fliplr", 1)


# -- more or fewer elements -------------------------------------------------------------------------------------------
def at_least_vector(ops: Ops, x: Any) -> Any:
    """An array, what a list is as one, or a number as a vector of one."""
    if ops.kind(x) in ("array", "tuple", "list"):
        return ops.plain(as_array(ops, x))
    return filled(ops, x, [ops.lift(1)], "1", common_kind(ops, x))


def _along(ops: Ops, a: Any, axis: Any) -> tuple[Any, int]:
    """An array and a dimension of it; without an axis, all elements in a row."""
    a = at_least_vector(ops, a)
    if axis is not None and ops.kind(axis) != "none":
        return a, axis_in(ops, axis, ops.array_type(a).rank)
    return a if ops.array_type(a).rank == 1 else reshaped(ops, a, [ops.lift(-1)]), 0


@operator("np.append", numpy_function("append"), keywords=("arr", "values", "axis"))
def append(ops: Ops, arr: Any, values: Any, axis: Any = None) -> Any:
    """np.append(arr, values, axis=None): a new array; without an axis, all elements in a row."""
    (a, d), (b, _) = (_along(ops, x, axis) for x in (arr, values))
    return joined(ops, [a, b], d)


def _place(ops: Ops, obj: Any, n: Any, axis: int, end: bool) -> Any:
    """An index that is checked, from the start; `end`: it may stand behind all elements."""
    i = index(ops, obj)
    beyond = ops.apply("ilt", n, i) if end else ops.apply("ile", n, i)
    outside = either(ops, ops.apply("ilt", i, ops.apply("ineg", n)), beyond)
    refuse(ops, outside, "IndexError", f"index {{}} is out of bounds for axis {axis} with size {{}}", i, n)
    return ops.apply("select", ops.apply("ilt", i, ops.lift(0)), ops.apply("iadd", i, n), i)


@operator("np.insert", numpy_function("insert"), keywords=("arr", "obj", "values", "axis"))
def insert(ops: Ops, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """np.insert(arr, i, values, axis=None): before one position, as elements of the type of arr."""
    if ops.kind(obj) in ("array", "tuple", "list", "record", "bool"):
        raise Mismatch("insert before several positions is not supported")
    a, d = _along(ops, arr, axis)
    t, kind, lengths, none = ops.array_type(a), element_kind(ops, a), sizes(ops, a), ops.lift(None)
    i = _place(ops, obj, lengths[d], d, True)
    v = at_least_vector(ops, values)
    if ops.array_type(v).rank > t.rank:
        raise Mismatch("insert of values of more dimensions than the array is not supported")
    v = v if element_kind(ops, v) == kind else casted(ops, v, kind)
    if t.rank > 1:  # the first dimension of the values goes along the axis, the others are broadcast
        v = with_dims(ops, v, ops.array_type(v).dims.rjust(t.rank, "1"))
        others = [k for k in range(1, t.rank)]
        v = transposed(ops, v, [*others[:d], 0, *others[d:]])
        shape = [sizes(ops, v)[d] if k == d else n for k, n in enumerate(lengths)]
        v = spread_to(ops, v, ops.tuple(shape))
    return joined(ops, [part_along(ops, a, d, none, i), v, part_along(ops, a, d, i, none)], d)


@operator("np.delete", numpy_function("delete"), keywords=("arr", "obj", "axis"))
def delete(ops: Ops, arr: Any, obj: Any, axis: Any = None) -> Any:
    """np.delete(arr, obj, axis=None): without one position, those of an array or list, or where a mask holds."""
    a, d = _along(ops, arr, axis)
    n, none = sizes(ops, a)[d], ops.lift(None)
    if ops.kind(obj) in ("record", "bool"):
        raise Mismatch("delete of a slice, or of a bool, is not supported")
    if ops.kind(obj) not in ("array", "list", "tuple"):
        i = _place(ops, obj, n, d, False)
        behind = ops.apply("iadd", i, ops.lift(1))
        return joined(ops, [part_along(ops, a, d, none, i), part_along(ops, a, d, behind, none)], d)
    if ops.kind(obj) in ("list", "tuple") and known_items(ops, obj) == []:
        return ops.operate("np.copy", a)
    gone = at_least_vector(ops, obj)
    if element_kind(ops, gone) == "np.bool":
        if ops.array_type(gone).rank != 1:
            raise Mismatch("a mask of delete has to be a vector")
        same = ops.apply("ieq", sizes(ops, gone)[0], n)
        ops.check(same, "ValueError", "boolean array argument obj to delete must be one dimensional and match the axis")
        keep = ops.operate("np.logical_not", gone)
    else:
        keep = put(ops, filled(ops, ops.lift(True), [n], "?", "np.bool"), ops.lift(False), gone)
    full = ops.record("slice", (none, none, none))
    return take(ops, a, ops.tuple([keep if k == d else full for k in range(ops.array_type(a).rank)]))


def _added_at(name: str) -> None:
    def evaluate(a: Any, indices: Any, b: Any) -> Any:
        numpy_function(f"{name}.at")(a, indices, b)
        return a

    def expand(ops: Ops, a: Any, key: Any, b: Any) -> Any:
        if ops.kind(a) != "array":
            raise Mismatch(f"np.{name}.at of an object of type '{ops.describe(a)}' is not supported")
        return ops.written(a, add_at(ops, a, b if name == "add" else ops.operate("neg", b), key))

    expand.__doc__ = f"np.{name}.at(a, key, b): what a is afterwards; an index that comes twice counts twice."
    operator(f"np.{name}.at", evaluate, writes=True)(expand)


_added_at("add")
_added_at("subtract")
