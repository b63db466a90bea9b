"""Sums, means, products and extremes of what is not nan."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import machine_constant
from tapeless.ir.operators.elementwise import casted, element_kind, mapped, numpy_function, ufunc
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import refuse_arguments
from tapeless.ir.operators.numpy.reductions import mean, sum_, summed
from tapeless.ir.operators.numpy.scans import prod
from tapeless.ir.operators.ufuncs import is_kind
from tapeless.ir.primitive import Ops, operator


def _numbers(ops: Ops, a: Any, instead: float) -> tuple[Any, Any]:
    """An array with a number in the place of each nan, and where there was none: None where nan cannot be."""
    a = ops.plain(as_array(ops, a))
    kind = element_kind(ops, a)
    if not is_kind(kind, "float"):
        return a, None

    def compute(ops: Ops, x: Any) -> Any:
        return ops.apply("select", ops.apply("isnan", x), ops.lift(machine_constant(kind, instead)), x)

    return mapped(ops, [kind], kind, compute, a), ufunc(ops, "eq", a, a)


def _of_terms(name: str, neutral: float, reduce: Any) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        return reduce.expand(ops, _numbers(ops, a, neutral)[0], axis, dtype, keepdims=keepdims)

    expand.__doc__ = f"np.{name}(a, axis=None, dtype=None, keepdims=False)."
    operator(f"np.{name}", numpy_function(name), keywords=("a", "axis", "dtype", "out", "keepdims"))(expand)


_of_terms("nansum", 0, sum_)
_of_terms("nanprod", 1, prod)


@operator("np.nanmean", numpy_function("nanmean"), keywords=("a", "axis", "dtype", "out", "keepdims"))
def nanmean(ops: Ops, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """np.nanmean(a, axis=None, keepdims=False)."""
    refuse_arguments(ops, "nanmean", dtype=dtype, out=out)
    a, known = _numbers(ops, a, 0)
    if known is None:
        return mean.expand(ops, a, axis, keepdims=keepdims)
    kind = element_kind(ops, a)
    number = summed(ops, known, axis, keepdims, "np.i64")
    quotient = ufunc(ops, "div", summed(ops, a, axis, keepdims, kind), number)
    return quotient if kind == "np.f64" else casted(ops, quotient, kind)


def _extreme(name: str, how: str, beyond: float) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        a, known = _numbers(ops, a, beyond)
        flag = ops.lift(False) if keepdims is None else keepdims
        given = (ops.lift(None) if axis is None else axis, ops.lift(None), flag)
        best = ops.operate(f"np.{how}", a, *given)
        if known is None:
            return best
        kind = element_kind(ops, a)

        def compute(ops: Ops, x: Any, some: Any) -> Any:
            return ops.apply("select", some, x, ops.lift(float("nan")))

        return mapped(ops, [kind, "np.bool"], kind, compute, best, ops.operate("np.any", known, *given))

    expand.__doc__ = f"np.{name}(a, axis=None, keepdims=False): nan where all are."
    operator(f"np.{name}", numpy_function(name), keywords=("a", "axis", "out", "keepdims"))(expand)


_extreme("nanmax", "max", float("-inf"))
_extreme("nanmin", "min", float("inf"))
