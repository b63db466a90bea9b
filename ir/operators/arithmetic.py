"""Python's arithmetic operators on bool, int, float, and on tuples and strings where they have a meaning.

An int is a checked i64: a result outside raises OverflowError, where CPython would go on.
"""

from __future__ import annotations

import math
import operator as python
from collections.abc import Callable
from typing import Any

from tapeless.ir.operators.elementwise import is_numpy, numpy_power, ufunc
from tapeless.ir.operators.lists import joined_lists, repeated_list
from tapeless.ir.operators.numbers import (
    TOO_LARGE,
    checked,
    either,
    is_number,
    is_whole,
    known_int,
    refuse,
    to_float,
    to_int,
    unsupported,
)
from tapeless.ir.operators.ufuncs import position
from tapeless.ir.primitive import UNKNOWN, Mismatch, Ops, operator


def _numeric(
    ops: Ops, name: str, symbol: str, a: Any, b: Any, whole: Callable[..., Any], real: Callable[..., Any]
) -> Any:
    """Run `whole` on two ints or `real` on two floats, whichever the operands meet in; NumPy has rules of its own."""
    if is_numpy(ops, a, b):
        return ufunc(ops, name, a, b)
    if not is_number(ops, a, b):
        raise unsupported(ops, symbol, a, b)
    if is_whole(ops, a, b):
        return whole(ops, to_int(ops, a), to_int(ops, b))
    return real(ops, to_float(ops, a), to_float(ops, b))


def _checked(name: str) -> Callable[..., Any]:
    return lambda ops, x, y: checked(ops, name, x, y)


def _applied(name: str) -> Callable[..., Any]:
    return lambda ops, x, y: ops.apply(name, x, y)


@operator("add", python.add, meets=True)
def add(ops: Ops, a: Any, b: Any) -> Any:
    """a + b: numbers; tuples and strings are joined."""
    match ops.kind(a), ops.kind(b):
        case "tuple", "tuple":
            return ops.tuple([*ops.items(a), *ops.items(b)])
        case "list", "list":
            return joined_lists(ops, a, b)
        case "str", "str":
            return ops.lift(ops.constant(a) + ops.constant(b))
        case ("tuple" | "str" | "list") as sequence, _:
            raise Mismatch(f'can only concatenate {sequence} (not "{ops.describe(b)}") to {sequence}')
    return _numeric(ops, "add", "+", a, b, _checked("iadd"), _applied("fadd"))


@operator("sub", python.sub, meets=True)
def sub(ops: Ops, a: Any, b: Any) -> Any:
    """a - b of numbers."""
    return _numeric(ops, "sub", "-", a, b, _checked("isub"), _applied("fsub"))


@operator("mul", python.mul, meets=True)
def mul(ops: Ops, a: Any, b: Any) -> Any:
    """a * b of numbers; a tuple or string is repeated."""
    for sequence, times in ((a, b), (b, a)):
        if ops.kind(sequence) == "list":
            return repeated_list(ops, sequence, times)
        if ops.kind(sequence) in ("tuple", "str"):
            return _repeat(ops, sequence, times)
    return _numeric(ops, "mul", "*", a, b, _checked("imul"), _applied("fmul"))


def _repeat(ops: Ops, sequence: Any, times: Any) -> Any:
    times = position(ops, times)
    if not is_whole(ops, times):
        raise Mismatch(f"can't multiply sequence by non-int of type '{ops.describe(times)}'")
    n = int(ops.need_constant(times, "how often a sequence is repeated"))
    if ops.kind(sequence) == "str":
        return ops.lift(ops.constant(sequence) * n)
    return ops.tuple(ops.items(sequence) * n)


def _nonzero(ops: Ops, y: Any, message: str) -> None:
    test, zero = ("fne", 0.0) if ops.kind(y) == "float" else ("ine", 0)
    ops.check(ops.apply(test, y, ops.lift(zero)), "ZeroDivisionError", message)


@operator("div", python.truediv, meets=True)
def div(ops: Ops, a: Any, b: Any) -> Any:
    """a / b of numbers: a float."""

    def whole(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "division by zero")
        return ops.apply("idiv_true", x, y)

    def real(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "float division by zero")
        return ops.apply("fdiv", x, y)

    return _numeric(ops, "div", "/", a, b, whole, real)


def floor_quotient(ops: Ops, x: Any, y: Any) -> Any:
    """x // y of ints; y is not 0."""
    fine = ops.apply("or_", ops.apply("ine", x, ops.lift(-(2**63))), ops.apply("ine", y, ops.lift(-1)))
    if known_int(ops, y) in (None, -1):
        ops.check(fine, "OverflowError", TOO_LARGE)
    return ops.apply("ifloordiv", x, y)


@operator("floordiv", python.floordiv, meets=True)
def floordiv(ops: Ops, a: Any, b: Any) -> Any:
    """a // b of numbers, rounded down."""

    def whole(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "integer division or modulo by zero")
        return floor_quotient(ops, x, y)

    def real(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "float floor division by zero")
        return ops.apply("ffloordiv", x, y)

    return _numeric(ops, "floordiv", "//", a, b, whole, real)


@operator("mod", python.mod, meets=True)
def mod(ops: Ops, a: Any, b: Any) -> Any:
    """a % b of numbers, with the sign of b."""
    if ops.kind(a) == "str":
        raise Mismatch("formatting strings with % is not supported")

    def whole(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "integer modulo by zero")
        return ops.apply("imod", x, y)

    def real(ops: Ops, x: Any, y: Any) -> Any:
        _nonzero(ops, y, "float modulo")
        return ops.apply("fmod_py", x, y)

    return _numeric(ops, "mod", "%", a, b, whole, real)


def power(ops: Ops, a: Any, b: Any) -> Any:
    """a ** b of numbers."""
    if is_numpy(ops, a, b):
        return numpy_power(ops, a, b)
    if not is_number(ops, a, b):
        raise unsupported(ops, "** or pow()", a, b)
    if not is_whole(ops, a, b):
        return _float_power(ops, to_float(ops, a), to_float(ops, b))
    n = known_int(ops, b)
    if n is not None and n < 0:
        return _float_power(ops, to_float(ops, a), to_float(ops, b))
    x, y = to_int(ops, a), to_int(ops, b)
    if n == 2:
        return checked(ops, "imul", x, x)
    if n is None:
        message = "a negative power of an int is a float: make the base a float, or the exponent a constant"
        ops.check(ops.apply("ile", ops.lift(0), y), "ValueError", message)
    return checked(ops, "ipow", x, y)


def _float_power(ops: Ops, x: Any, y: Any) -> Any:
    """float ** float. Of a constant exponent only those checks remain that can fail."""
    exponent, zero, inf = ops.constant(y), ops.lift(0.0), ops.lift(math.inf)
    some = exponent is UNKNOWN
    if some or -math.inf < exponent < 0.0:
        bad = ops.apply("feq", x, zero)
        if some:
            negative = ops.apply("and_", ops.apply("flt", y, zero), ops.apply("flt", ops.lift(-math.inf), y))
            bad = ops.apply("and_", bad, negative)
        refuse(ops, bad, "ZeroDivisionError", "0.0 cannot be raised to a negative power")
    if some or not (math.isnan(exponent) or math.isinf(exponent) or exponent == math.floor(exponent)):
        bad = ops.apply("and_", ops.apply("flt", x, zero), ops.apply("flt", ops.lift(-math.inf), x))
        if some:
            fraction = ops.apply("flt", ops.apply("ffloor", y), y)
            bad = ops.apply("and_", bad, fraction)
        refuse(ops, bad, "ValueError", "negative number cannot be raised to a fractional power")
    out = ops.apply("fpow", x, y)
    if some or not (math.isinf(exponent) or exponent in (0.0, 1.0)):
        fine = either(
            ops,
            ops.apply("fne", ops.apply("fabs", out), inf),
            ops.apply("feq", ops.apply("fabs", x), inf),
            ops.apply("feq", ops.apply("fabs", y), inf),
        )
        ops.check(fine, "OverflowError", "(34, 'Numerical result out of range')")
    return out


@operator("pow", python.pow, meets=True)
def pow_(ops: Ops, a: Any, b: Any) -> Any:
    """a ** b. An int to a constant negative power is a float; to a negative power at run time, a ValueError."""
    return power(ops, a, b)


@operator("neg", python.neg)
def neg(ops: Ops, a: Any) -> Any:
    """-a of a number."""
    if is_numpy(ops, a):
        return ufunc(ops, "neg", a)
    if ops.kind(a) == "float":
        return ops.apply("fneg", a)
    if not is_number(ops, a):
        raise unsupported(ops, "unary -", a)
    return checked(ops, "isub", ops.lift(0), to_int(ops, a))


@operator("pos", python.pos)
def pos(ops: Ops, a: Any) -> Any:
    """+a of a number: a bool becomes an int."""
    if is_numpy(ops, a):
        return ufunc(ops, "pos", a)
    if not is_number(ops, a):
        raise unsupported(ops, "unary +", a)
    return to_int(ops, a)


@operator("invert", python.invert)
def invert(ops: Ops, a: Any) -> Any:
    """~a of an int or bool: -a - 1."""
    if is_numpy(ops, a):
        return ufunc(ops, "invert", a)
    if not is_whole(ops, a):
        raise unsupported(ops, "unary ~", a)
    return ops.apply("inot", to_int(ops, a))


def _shift(ops: Ops, symbol: str, a: Any, n: Any) -> tuple[Any, Any]:
    if not is_whole(ops, a, n):
        raise unsupported(ops, symbol, a, n)
    x, count = to_int(ops, a), to_int(ops, n)
    ops.check(ops.apply("ile", ops.lift(0), count), "ValueError", "negative shift count")
    return x, count


@operator("lshift", python.lshift, meets=True)
def lshift(ops: Ops, a: Any, n: Any) -> Any:
    """a << n of ints."""
    if is_numpy(ops, a, n):
        return ufunc(ops, "lshift", a, n)
    return checked(ops, "ishl", *_shift(ops, "<<", a, n))


@operator("rshift", python.rshift, meets=True)
def rshift(ops: Ops, a: Any, n: Any) -> Any:
    """a >> n of ints: rounded down."""
    if is_numpy(ops, a, n):
        return ufunc(ops, "rshift", a, n)
    return ops.apply("ishr", *_shift(ops, ">>", a, n))


def _bitwise(ops: Ops, symbol: str, name: str, a: Any, b: Any) -> Any:
    if is_numpy(ops, a, b):
        return ufunc(ops, "bit" + name, a, b)
    if not is_whole(ops, a, b):
        raise unsupported(ops, symbol, a, b)
    if ops.kind(a) == ops.kind(b) == "bool":
        return ops.apply(name + "_", a, b)
    return ops.apply("i" + name, to_int(ops, a), to_int(ops, b))


@operator("bitand", python.and_, meets=True)
def bitand(ops: Ops, a: Any, b: Any) -> Any:
    """a & b of ints; of two bools a bool."""
    return _bitwise(ops, "&", "and", a, b)


@operator("bitor", python.or_, meets=True)
def bitor(ops: Ops, a: Any, b: Any) -> Any:
    """a | b of ints; of two bools a bool."""
    return _bitwise(ops, "|", "or", a, b)


@operator("bitxor", python.xor, meets=True)
def bitxor(ops: Ops, a: Any, b: Any) -> Any:
    """a ^ b of ints; of two bools a bool."""
    return _bitwise(ops, "^", "xor", a, b)


@operator("matmul", python.matmul, meets=True)
def matmul(ops: Ops, a: Any, b: Any) -> Any:
    """a @ b of arrays."""
    if not ops.kind(a) == ops.kind(b) == "array":
        raise unsupported(ops, "@", a, b)
    return ops.operate("np.matmul", a, b)
