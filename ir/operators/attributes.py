"""Attributes and methods of arrays, of NumPy's scalars, and of what describes their types."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import SCALARS
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.arrays import sizes, transposed
from tapeless.ir.operators.dtypes import LIMITS, limit_of
from tapeless.ir.operators.elementwise import element_kind, numpy_function
from tapeless.ir.primitive import Mismatch, Ops, operator


def _shape(ops: Ops, a: Any) -> Any:
    return ops.tuple(sizes(ops, a))


def _ndim(ops: Ops, a: Any) -> Any:
    return ops.lift(ops.array_type(a).rank)


def _size(ops: Ops, a: Any) -> Any:
    out = ops.lift(1)
    for n in sizes(ops, a):
        out = ops.apply("imul", out, n)
    return out


def _dtype(ops: Ops, a: Any) -> Any:
    return ops.record("dtype", [ops.lift(ELEMENTS[element_kind(ops, a)].name.strip("_"))])


ATTRIBUTES = {"shape": _shape, "ndim": _ndim, "size": _size, "T": transposed, "dtype": _dtype}
METHODS = {
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "copy", "cumprod", "cumsum", "diagonal", "dot",
    "flatten", "item", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "searchsorted",
    "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var",
}  # fmt: skip


PYTHON = {"bool": bool, "int": int, "float": float, "str": str, "none": type(None), "tuple": tuple, "list": list}


@operator("getattr", getattr)
def getattr_(ops: Ops, x: Any, name: Any) -> Any:
    """x.name of an array, of a scalar of NumPy, or of np.finfo(dtype)."""
    key, kind = ops.constant(name), ops.kind(x)
    if kind == "record" and ops.tag(x) in LIMITS:
        return limit_of(ops, x, key)
    if kind in ELEMENTS and key == "dtype":
        return _dtype(ops, x)
    if key in METHODS and (kind == "array" or kind in ELEMENTS):
        return ops.record("partial[]", [ops.function(f"np.{key}"), x])
    if kind in PYTHON and not hasattr(PYTHON[kind], key):
        raise Mismatch(f"'{ops.describe(x)}' object has no attribute '{key}'")
    if kind != "array":
        raise Mismatch(f"the attribute `.{key}` of an object of type '{ops.describe(x)}' is not supported")
    if key not in ATTRIBUTES:
        raise Mismatch(f"'numpy.ndarray' object has no attribute '{key}' that is supported")
    return ATTRIBUTES[key](ops, x)


def _function(name: str, of_scalar: int) -> None:
    def expand(ops: Ops, a: Any) -> Any:
        if ops.kind(a) in SCALARS:
            return ops.tuple([]) if name == "shape" else ops.lift(of_scalar)
        return ATTRIBUTES[name](ops, a)

    expand.__doc__ = f"np.{name}(a)."
    operator(f"np.{name}", numpy_function(name), keywords=("a",))(expand)


for _name, _of_scalar in (("shape", 0), ("ndim", 0), ("size", 1)):
    _function(_name, _of_scalar)
