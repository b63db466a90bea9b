"""Running sums and products of arrays, and products, which are the last of those.

A product is made so, and not by a reduction, for its derivative: that of one factor is the product of all others, which
running products from either end give without a division.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import Array
from tapeless.ir.operators.arrays import at_position, filled, machine_constant, sizes
from tapeless.ir.operators.elementwise import converted, element_kind, mapped, numpy_function, ufunc
from tapeless.ir.operators.numpy.creation import positions, refuse_arguments
from tapeless.ir.operators.numpy.reductions import axes_of, known_flag, terms
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import is_kind, made
from tapeless.ir.primitive import Mismatch, Ops, operator


def _numbers(ops: Ops, a: Any, dtype: Any) -> Any:
    """An array as numbers: bools, and ints of fewer bits, count as ints of 64, unless a `dtype` is given."""
    a, kind = terms(ops, a, dtype)
    return converted(ops, a, kind) if element_kind(ops, a) != kind else a


def _along(ops: Ops, a: Any, axis: Any) -> tuple[Any, int]:
    """The array and the dimension that an argument `axis` means: None is all elements in a row."""
    if axis is None or ops.kind(axis) == "none":
        return reshaped(ops, a, [ops.lift(-1)]), 0
    axes = axes_of(ops, axis, ops.array_type(a).rank)
    if ops.kind(axis) == "tuple" or len(axes) != 1:
        raise Mismatch("the axis of a running sum or product is one int")
    return a, axes[0]


def running_sum(ops: Ops, a: Any, axis: int) -> Any:
    """Sums of the elements up to each one along a dimension."""
    one = ops.lift(machine_constant(element_kind(ops, a), 1))
    return ops.apply("recur", a, one, ops.lift(f"{axis}+"))


def running_product(ops: Ops, a: Any, axis: int) -> Any:
    """Products of the elements up to each one along a dimension."""
    kind = element_kind(ops, a)
    nothing = ops.lift(-0.0 if is_kind(kind, "float") else 0)  # what changes no number that it is added to

    def start(ops: Ops, x: Any, i: Any) -> Any:
        return ops.apply("select", ops.apply("ieq", i, ops.lift(0)), x, nothing)

    first = mapped(ops, [kind, "np.i64"], kind, start, a, positions(ops, a, axis))
    return ops.apply("recur", first, a, ops.lift(f"{axis}+"))


def product(ops: Ops, a: Any, axis: int, keep: bool) -> Any:
    """Products along a dimension; 1 where it is empty."""
    t, lengths = ops.array_type(a), sizes(ops, a)
    kind, rest = t.element.kind, [d for d in range(t.rank) if d != axis]
    running, one = running_product(ops, a, axis), ops.lift(1)

    def last() -> Any:
        end = ops.apply("isub", lengths[axis], one)
        if t.rank == 1:
            return ops.apply("element", running, end)
        return converted(ops, at_position(ops, running, end, axis), kind)

    def ones() -> Any:
        one = ops.lift(machine_constant(kind, 1))
        if t.rank == 1:
            return made(ops, kind, one)
        return filled(ops, one, [lengths[d] for d in rest], _without(t.dims, axis), kind)

    out = ops.branch(ops.apply("ieq", lengths[axis], ops.lift(0)), ones, last)
    if not keep:
        return out
    if t.rank == 1:
        return ops.make("filled", Array(t.element, "1"), out)
    return ops.make("with_axes", Array(t.element, _without(t.dims, axis, "1")), out)


def _without(dims: str, axis: int, instead: str = "") -> str:
    """Dimensions without one of them, or with another in its place."""
    return dims[:axis] + instead + dims[axis + 1 :]


def _running(name: str, run: Any) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        if ops.kind(a) != "array":
            raise Mismatch(f"{name} of a scalar is not supported")
        return run(ops, *_along(ops, _numbers(ops, a, dtype), axis))

    expand.__doc__ = f"np.{name}(a, axis=None)."
    operator(f"np.{name}", numpy_function(name), keywords=("a", "axis", "dtype", "out"))(expand)


_running("cumsum", running_sum)
_running("cumprod", running_product)


@operator("np.prod", numpy_function("prod"), keywords=("a", "axis", "dtype", "out", "keepdims"))
def prod(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """np.prod(a, axis=None, keepdims=False)."""
    refuse_arguments(ops, "prod", out=out)
    if ops.kind(a) != "array":
        return ufunc(ops, "pos", a)
    a, keep = _numbers(ops, a, dtype), known_flag(ops, keepdims)
    axes = axes_of(ops, axis, ops.array_type(a).rank)
    if len(axes) == ops.array_type(a).rank and not keep:
        return product(ops, reshaped(ops, a, [ops.lift(-1)]), 0, False)
    for d in reversed(axes):
        a = product(ops, a, d, keep)
    return a
