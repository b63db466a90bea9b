"""Reductions of arrays: sums, and what sums make."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import SCALARS, Array, kept_dims
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.arrays import axis_in, filled, sizes
from tapeless.ir.operators.dtypes import kind_of
from tapeless.ir.operators.elementwise import casted, common_kind, element_kind, numpy_function, ufunc
from tapeless.ir.operators.numbers import index
from tapeless.ir.operators.numpy.creation import refuse_arguments
from tapeless.ir.operators.ufuncs import as_kind, is_kind, made
from tapeless.ir.primitive import Mismatch, Ops, operator


def axes_of(ops: Ops, axis: Any, rank: int) -> list[int]:
    """The dimensions that an argument `axis` means: an int, a tuple of ints, or None for all."""
    if axis is None or ops.kind(axis) == "none":
        return list(range(rank))
    given = ops.items(axis) if ops.kind(axis) == "tuple" else [axis]
    out = [axis_in(ops, a, rank) for a in given]
    if len(set(out)) < len(out):
        raise Mismatch("duplicate value in 'axis'")
    return sorted(out)


def count_along(ops: Ops, a: Any, axes: list[int]) -> Any:
    """How many elements an array has along some dimensions."""
    count = ops.lift(1)
    for d, n in enumerate(sizes(ops, a)):
        if d in axes:
            count = ops.apply("imul", count, n)
    return count


def known_flag(ops: Ops, x: Any) -> bool:
    """The value of a flag argument."""
    return x is not None and bool(ops.need_constant(x, "keepdims"))


def sum_kind(kind: str) -> str:
    """The kind of a sum (or product) of elements of a kind: bools and ints count as ints of 64 bits."""
    element = ELEMENTS[kind]
    if element.machine == "int" and not element.signed:
        raise Mismatch(f"the sum of an array of {element.name} is a uint64, which is not supported")
    return kind if element.machine == "float" else "np.i64"


def terms(ops: Ops, a: Any, dtype: Any) -> tuple[Any, str]:
    """The terms of a sum (or factors of a product), and its kind: that of an argument `dtype`, if there is one."""
    wanted = kind_of(ops, dtype)
    if wanted is None:
        return a, sum_kind(element_kind(ops, a))
    if wanted == "np.bool":
        raise Mismatch("sums and products as bools are not supported: any and all are")
    return a if element_kind(ops, a) == wanted else casted(ops, a, wanted), wanted


def summed(ops: Ops, a: Any, axis: Any, keepdims: Any, kind: str, how: str = "sum") -> Any:
    """The sum (or maximum, or minimum) of an array over some dimensions, in a kind."""
    if how == "sum" and kind == "np.f32":  # in double precision: NumPy adds in pairs to lose less
        return casted(ops, summed(ops, a, axis, keepdims, "np.f64"), kind)
    rank = ops.array_type(a).rank
    axes = axes_of(ops, axis, rank)
    mask = "".join("1" if d in axes else "0" for d in range(rank))
    out = ops.nest([f"{how}:{mask}"], lambda x: [made(ops, kind, as_kind(ops, x, kind))], [a])[0]
    if not known_flag(ops, keepdims):
        return out
    if "0" not in mask:
        return ops.make("filled", Array(SCALARS[kind], "1" * rank), out)
    t = ops.array_type(out)
    return ops.make("with_axes", Array(t.element, kept_dims(t.dims, mask)), out)


@operator("np.sum", numpy_function("sum"), keywords=("a", "axis", "dtype", "out", "keepdims"))
def sum_(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """np.sum(a, axis=None, dtype=None, keepdims=False)."""
    if ops.kind(a) != "array":
        return ufunc(ops, "pos", a)
    refuse_arguments(ops, "sum", out=out)
    a, kind = terms(ops, a, dtype)
    return summed(ops, a, axis, keepdims, kind)


@operator("np.mean", numpy_function("mean"), keywords=("a", "axis", "dtype", "out", "keepdims"))
def mean(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """np.mean(a, axis=None, dtype=None, keepdims=False)."""
    refuse_arguments(ops, "mean", out=out)
    wanted = kind_of(ops, dtype)
    if wanted is not None:
        if not is_kind(wanted, "float"):
            raise Mismatch("a mean of other elements than floats is not supported")
        a = casted(ops, a, wanted)
    a = _with_dimensions(ops, a)
    axes = axes_of(ops, axis, ops.array_type(a).rank)
    count = count_along(ops, a, axes)
    return ufunc(ops, "div", summed(ops, a, axis, keepdims, real_kind(ops, a)), ops.apply("i2f", count))


def _with_dimensions(ops: Ops, a: Any) -> Any:
    """An array, or a number as one of one element."""
    return filled(ops, a, [ops.lift(1)], "1", common_kind(ops, a)) if ops.kind(a) in SCALARS else a


def real_kind(ops: Ops, a: Any) -> str:
    """The kind of the mean of an array."""
    kind = element_kind(ops, a)
    return kind if is_kind(kind, "float") else "np.f64"


def _extreme(name: str) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        if ops.kind(a) != "array":
            return ufunc(ops, "pos", a)
        kind = element_kind(ops, a)
        axes = axes_of(ops, axis, ops.array_type(a).rank)
        for d, n in enumerate(sizes(ops, a)):
            if d in axes:
                some = ops.apply("ine", n, ops.lift(0))
                message = f"zero-size array to reduction operation {name}imum which has no identity"
                ops.check(some, "ValueError", message)
        if kind == "np.bool":
            return casted(ops, summed(ops, a, axis, keepdims, "np.i8", name), kind)
        return summed(ops, a, axis, keepdims, kind, name)

    expand.__doc__ = f"np.{name}(a, axis=None, keepdims=False)."
    for path in (name, f"a{name}"):
        operator(f"np.{path}", numpy_function(path), keywords=("a", "axis", "out", "keepdims"))(expand)


_extreme("max")
_extreme("min")


def variance(ops: Ops, a: Any, axis: Any, ddof: Any, keepdims: Any) -> Any:
    """The mean square deviation from the mean over some dimensions."""
    a = _with_dimensions(ops, a)
    rank = ops.array_type(a).rank
    axes = axes_of(ops, axis, rank)
    if len(axes) == rank:
        center = mean.expand(ops, a)
    else:
        center = mean.expand(ops, a, ops.tuple([ops.lift(d) for d in axes]), keepdims=ops.lift(True))
    deviation = ufunc(ops, "sub", a, center)
    count = count_along(ops, a, axes)
    if ddof is not None:
        count = ops.apply("isub", count, index(ops, ddof))
        count = ops.apply("select", ops.apply("ilt", count, ops.lift(0)), ops.lift(0), count)
    square = summed(ops, ufunc(ops, "mul", deviation, deviation), axis, keepdims, real_kind(ops, a))
    return ufunc(ops, "div", square, ops.apply("i2f", count))


@operator("np.var", numpy_function("var"), keywords=("a", "axis", "dtype", "out", "ddof", "keepdims"))
def var(
    ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = None, keepdims: Any = None
) -> Any:
    """np.var(a, axis=None, ddof=0, keepdims=False)."""
    refuse_arguments(ops, "var", dtype=dtype, out=out)
    return variance(ops, a, axis, ddof, keepdims)


@operator("np.std", numpy_function("std"), keywords=("a", "axis", "dtype", "out", "ddof", "keepdims"))
def std(
    ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = None, keepdims: Any = None
) -> Any:
    """np.std(a, axis=None, ddof=0, keepdims=False)."""
    refuse_arguments(ops, "std", dtype=dtype, out=out)
    return ops.operate("np.sqrt", variance(ops, a, axis, ddof, keepdims))
