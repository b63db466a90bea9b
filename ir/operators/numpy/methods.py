"""Methods of NumPy's functions of two arrays: outer, reduce and accumulate (np.add.at is in editing.py)."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.elementwise import numpy_function
from tapeless.ir.operators.numpy.arranging import with_dims
from tapeless.ir.primitive import OPERATORS, Ops, operator

OUTER = (
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "maximum", "minimum", "fmax", "fmin",
    "hypot", "arctan2", "logaddexp", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or",
)  # fmt: skip
REDUCED = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all", "logical_or": "any"
}  # fmt: skip
ACCUMULATED = {"add": "cumsum", "multiply": "cumprod"}


def _outer(name: str) -> None:
    def expand(ops: Ops, a: Any, b: Any) -> Any:
        if ops.kind(a) == "array" and ops.kind(b) == "array":
            a = with_dims(ops, a, ops.array_type(a).dims + "1" * ops.array_type(b).rank)
        return ops.operate(f"np.{name}", a, b)

    expand.__doc__ = f"np.{name}.outer(a, b): np.{name} of each element of a and each of b."
    operator(f"np.{name}.outer", numpy_function(f"{name}.outer"))(expand)


def _reduce(name: str, function: str) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        first = ops.lift(0) if axis is None else axis
        return OPERATORS[f"np.{function}"].expand(ops, a, first, keepdims=keepdims)

    expand.__doc__ = f"np.{name}.reduce(a, axis=0, keepdims=False): as np.{function}."
    operator(f"np.{name}.reduce", numpy_function(f"{name}.reduce"), keywords=("array", "axis", "keepdims"))(expand)


def _accumulate(name: str, function: str) -> None:
    def expand(ops: Ops, a: Any, axis: Any = None) -> Any:
        return ops.operate(f"np.{function}", a, ops.lift(0) if axis is None else axis)

    expand.__doc__ = f"np.{name}.accumulate(a, axis=0): as np.{function}."
    operator(f"np.{name}.accumulate", numpy_function(f"{name}.accumulate"), keywords=("array", "axis"))(expand)


for _name in OUTER:
    _outer(_name)
for _name, _function in REDUCED.items():
    _reduce(_name, _function)
for _name, _function in ACCUMULATED.items():
    _accumulate(_name, _function)
