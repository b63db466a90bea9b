"""What the operators on numbers share: which values are numbers, and how they become ints and floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapeless.ir.operators.ufuncs import machine, position
from tapeless.ir.primitive import UNKNOWN, Mismatch, Ops

LARGEST = 2**63 - 1
TOO_LARGE = "int too large for 64 bits"
WHOLE = ("bool", "int")
NUMBERS = ("bool", "int", "float")


def is_number(ops: Ops, *xs: Any) -> bool:
    """Whether all are of Python's bool, int, float."""
    return all(ops.kind(x) in NUMBERS for x in xs)


def is_whole(ops: Ops, *xs: Any) -> bool:
    """Whether all are bool or int."""
    return all(ops.kind(x) in WHOLE for x in xs)


def unsupported(ops: Ops, symbol: str, *xs: Any) -> Mismatch:
    """The TypeError of a binary (or unary) operator."""
    if len(xs) == 1:
        return Mismatch(f"bad operand type for {symbol}: '{ops.describe(xs[0])}'")
    names = " and ".join(f"'{ops.describe(x)}'" for x in xs)
    return Mismatch(f"unsupported operand type(s) for {symbol}: {names}")


def to_int(ops: Ops, x: Any) -> Any:
    """A bool or int as an int."""
    return ops.apply("b2i", x) if ops.kind(x) == "bool" else x


def to_float(ops: Ops, x: Any) -> Any:
    """A number as a float, rounded to nearest."""
    match ops.kind(x):
        case "bool":
            return ops.apply("b2f", x)
        case "int":
            return ops.apply("i2f", x)
    return x


def real(ops: Ops, x: Any) -> Any:
    """The argument of a function of `math` as a float."""
    x = machine(ops, x)
    if not is_number(ops, x):
        raise Mismatch(f"must be real number, not {ops.describe(x)}")
    return to_float(ops, x)


def index(ops: Ops, x: Any) -> Any:
    """An argument that Python wants as an integer."""
    x = position(ops, x)
    if not is_whole(ops, x):
        raise Mismatch(f"'{ops.describe(x)}' object cannot be interpreted as an integer")
    return to_int(ops, x)


def known_index(ops: Ops, x: Any, what: str) -> int:
    """The value of an argument that Python wants as an integer, and that must be known while compiling."""
    return int(ops.need_constant(index(ops, x), what))


def known(ops: Ops, x: Any) -> bool:
    """Whether the value of x is known while compiling."""
    return ops.constant(x) is not UNKNOWN


def known_int(ops: Ops, x: Any) -> int | None:
    """The value of a bool or int that is known while compiling."""
    value = ops.constant(x)
    return int(value) if isinstance(value, (bool, int)) else None


def checked(ops: Ops, name: str, a: Any, b: Any) -> Any:
    """The int primitive `name` of a and b, with the error for a result outside 64 bits."""
    ops.check(ops.apply(name + "_ok", a, b), "OverflowError", TOO_LARGE)
    return ops.apply(name, a, b)


def either(ops: Ops, *conditions: Any) -> Any:
    """Whether one of the conditions holds."""
    out = conditions[0]
    for c in conditions[1:]:
        out = ops.apply("or_", out, c)
    return out


def refuse(ops: Ops, bad: Any, exception: str, message: str, *values: Any) -> None:
    """A check that fails where `bad` holds."""
    ops.check(ops.apply("not_", bad), exception, message, *values)


def fold(ops: Ops, name: str, xs: Sequence[Any]) -> Any:
    """The operator `name` over xs, from the left."""
    out = xs[0]
    for x in xs[1:]:
        out = ops.operate(name, out, x)
    return out
