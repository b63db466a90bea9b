"""Arrays of lists, tuples and numbers: np.array, np.asarray."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import Array
from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.operators.arrays import filled, size_dim
from tapeless.ir.operators.dtypes import kind_of
from tapeless.ir.operators.elementwise import casted, converted, element_kind, numpy_function
from tapeless.ir.operators.lists import NUMBERS
from tapeless.ir.operators.numpy.shapes import joined
from tapeless.ir.operators.ufuncs import as_kind, made
from tapeless.ir.primitive import Mismatch, Ops, operator


def as_array(ops: Ops, x: Any) -> Any:
    """An array, or what lists and tuples of numbers or of arrays become as one."""
    kind = ops.kind(x)
    if kind == "array":
        return x
    if kind == "list" and not ops.known_list(x):
        return ops.list_apply("as_array", x)
    if kind not in ("tuple", "list"):
        raise Mismatch(f"an array of an object of type '{ops.describe(x)}' is not supported")
    items = ops.items(x)
    if all(ops.kind(i) in NUMBERS or ops.kind(i) in ELEMENTS for i in items):
        return _of_numbers(ops, items)
    rows = [as_array(ops, i) for i in items]
    if len({ops.array_type(r).rank for r in rows}) != 1:
        raise Mismatch("setting an array element with a sequence: the parts have different numbers of dimensions")
    return joined(ops, [_row(ops, r) for r in rows], 0)


def _of_numbers(ops: Ops, items: list[Any]) -> Any:
    kinds = [ops.kind(x) for x in items]
    kind = promoted(*(WEAK.get(k, k) for k in kinds)) if items else "np.f64"  # Python's numbers are not weak here
    out = filled(ops, ops.lift(0), [ops.lift(len(items))], size_dim(len(items)), kind)
    for i, x in enumerate(items):
        out = ops.apply("put", out, made(ops, kind, as_kind(ops, x, kind)), ops.lift(i))
    return out


def _row(ops: Ops, a: Any) -> Any:
    t = ops.array_type(a)
    return ops.make("with_axes", Array(t.element, "1" + t.dims, t.packed), a)


@operator("np.array", numpy_function("array"), keywords=("object", "dtype"))
def array(ops: Ops, value: Any, dtype: Any = None) -> Any:
    """np.array(value, dtype=None) of arrays, and of lists and tuples of numbers or arrays."""
    out, wanted = as_array(ops, value), kind_of(ops, dtype)
    if wanted is not None and element_kind(ops, out) != wanted:
        return casted(ops, out, wanted)
    return converted(ops, out, element_kind(ops, out)) if ops.kind(value) in ("array", "list") else out


@operator("np.asarray", numpy_function("asarray"), keywords=("a", "dtype"))
def asarray(ops: Ops, value: Any, dtype: Any = None) -> Any:
    """np.asarray(value, dtype=None): an array itself, else as np.array."""
    same = ops.kind(value) == "array" and kind_of(ops, dtype) in (None, element_kind(ops, value))
    return value if same else array.expand(ops, value, dtype)
