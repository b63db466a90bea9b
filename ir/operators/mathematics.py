"""The functions of Python's `math` on numbers, with CPython's domains and errors.

Missing is `fsum`, whose exact rounding needs a list of partial sums. `gamma` and `lgamma` may differ from CPython's in
the last places, and `hypot` and `dist` of more than three coordinates by a rounding each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tapeless.ir.operators.builtin import float_to_int
from tapeless.ir.operators.iteration import known_items
from tapeless.ir.operators.numbers import TOO_LARGE, either, fold, index, is_whole, real, refuse, to_int
from tapeless.ir.primitive import Mismatch, Ops, operator

DOMAIN, RANGE = ("ValueError", "math domain error"), ("OverflowError", "math range error")
Condition = Callable[[Ops, Any, Any], Any]


def _is_infinite(ops: Ops, x: Any, _out: Any = None) -> Any:
    return ops.apply("feq", ops.apply("fabs", x), ops.lift(math.inf))


def _overflows(ops: Ops, x: Any, out: Any) -> Any:
    return ops.apply("and_", _is_infinite(ops, out), ops.apply("isfinite", x))


def _below(limit: float) -> Condition:
    return lambda ops, x, out: ops.apply("flt", x, ops.lift(limit))


def _at_most(limit: float) -> Condition:
    return lambda ops, x, out: ops.apply("fle", x, ops.lift(limit))


def _beyond_one(ops: Ops, x: Any, out: Any) -> Any:
    return ops.apply("flt", ops.lift(1.0), ops.apply("fabs", x))


def _from_one(ops: Ops, x: Any, out: Any) -> Any:
    return ops.apply("fle", ops.lift(1.0), ops.apply("fabs", x))


def _pole(ops: Ops, x: Any, out: Any) -> Any:
    """Where gamma has a pole: 0 and the negative integers."""
    whole = ops.apply("feq", ops.apply("ffloor", x), x)
    finite = ops.apply("flt", ops.lift(-math.inf), x)
    return ops.apply("and_", finite, ops.apply("and_", whole, ops.apply("fle", x, ops.lift(0.0))))


def _gamma_domain(ops: Ops, x: Any, out: Any) -> Any:
    return either(ops, _pole(ops, x, out), ops.apply("feq", x, ops.lift(-math.inf)))


# name, primitive, where it is a domain error, where a range error
_FUNCTIONS: tuple[tuple[Any, str, Condition | None, Condition | None], ...] = (
    (math.sin, "sin", _is_infinite, None),
    (math.cos, "cos", _is_infinite, None),
    (math.tan, "tan", _is_infinite, None),
    (math.asin, "asin", _beyond_one, None),
    (math.acos, "acos", _beyond_one, None),
    (math.atan, "atan", None, None),
    (math.sinh, "sinh", None, _overflows),
    (math.cosh, "cosh", None, _overflows),
    (math.tanh, "tanh", None, None),
    (math.asinh, "asinh", None, None),
    (math.acosh, "acosh", _below(1.0), None),
    (math.atanh, "atanh", _from_one, None),
    (math.exp, "exp", None, _overflows),
    (math.exp2, "exp2", None, _overflows),
    (math.expm1, "expm1", None, _overflows),
    (math.log1p, "log1p", _at_most(-1.0), None),
    (math.log2, "log2", _at_most(0.0), None),
    (math.log10, "log10", _at_most(0.0), None),
    (math.sqrt, "sqrt", _below(0.0), None),
    (math.cbrt, "cbrt", None, None),
    (math.fabs, "fabs", None, None),
    (math.erf, "erf", None, None),
    (math.erfc, "erfc", None, None),
    (math.gamma, "gamma", _gamma_domain, _overflows),
    (math.lgamma, "lgamma", _pole, _overflows),
    (math.ulp, "ulp", None, None),
)


def _define(function: Any, name: str, outside: Condition | None, too_large: Condition | None) -> None:
    def expand(ops: Ops, x: Any) -> Any:
        x = real(ops, x)
        if outside is not None:
            refuse(ops, outside(ops, x, None), *DOMAIN)
        out = ops.apply(name, x)
        if too_large is not None:
            refuse(ops, too_large(ops, x, out), *RANGE)
        return out

    expand.__doc__ = f"math.{function.__name__}(x)."
    operator(f"math.{function.__name__}", function)(expand)


for _row in _FUNCTIONS:
    _define(*_row)


def _classify(function: Any) -> None:
    def expand(ops: Ops, x: Any) -> Any:
        return ops.apply(function.__name__, real(ops, x))

    expand.__doc__ = f"math.{function.__name__}(x)."
    operator(f"math.{function.__name__}", function)(expand)


for _function in (math.isnan, math.isinf, math.isfinite):
    _classify(_function)


def _rounding(function: Any, name: str) -> None:
    def expand(ops: Ops, x: Any) -> Any:
        if is_whole(ops, x):
            return to_int(ops, x)
        return float_to_int(ops, ops.apply(name, real(ops, x)))

    expand.__doc__ = f"math.{function.__name__}(x): an int."
    operator(f"math.{function.__name__}", function)(expand)


_rounding(math.floor, "ffloor")
_rounding(math.ceil, "fceil")
_rounding(math.trunc, "ftrunc")


@operator("math.log", math.log)
def log(ops: Ops, x: Any, base: Any = None) -> Any:
    """math.log(x), or log(x) / log(base)."""
    x = real(ops, x)
    refuse(ops, ops.apply("fle", x, ops.lift(0.0)), *DOMAIN)
    out = ops.apply("log", x)
    return out if base is None else ops.operate("div", out, ops.operate("math.log", base))


def _defined(ops: Ops, out: Any, x: Any, y: Any) -> None:
    """The domain check of a function that is nan outside its domain, and of nan only."""
    fine = either(ops, ops.apply("feq", out, out), ops.apply("isnan", x), ops.apply("isnan", y))
    ops.check(fine, *DOMAIN)


@operator("math.pow", math.pow)
def pow_(ops: Ops, x: Any, y: Any) -> Any:
    """math.pow(x, y)."""
    x, y = real(ops, x), real(ops, y)
    out = ops.apply("fpow", x, y)
    _defined(ops, out, x, y)
    finite = ops.apply("and_", ops.apply("isfinite", x), ops.apply("isfinite", y))
    infinite = ops.apply("and_", _is_infinite(ops, out), finite)
    refuse(ops, ops.apply("and_", infinite, ops.apply("feq", x, ops.lift(0.0))), *DOMAIN)
    refuse(ops, infinite, *RANGE)
    return out


@operator("math.fmod", math.fmod)
def fmod(ops: Ops, x: Any, y: Any) -> Any:
    """math.fmod(x, y): with the sign of x."""
    x, y = real(ops, x), real(ops, y)
    out = ops.apply("fmod", x, y)
    _defined(ops, out, x, y)
    return out


@operator("math.remainder", math.remainder)
def remainder(ops: Ops, x: Any, y: Any) -> Any:
    """math.remainder(x, y): to the nearest multiple of y."""
    x, y = real(ops, x), real(ops, y)
    out = ops.apply("fremainder", x, y)
    _defined(ops, out, x, y)
    return out


@operator("math.atan2", math.atan2)
def atan2(ops: Ops, y: Any, x: Any) -> Any:
    """math.atan2(y, x)."""
    return ops.apply("atan2", real(ops, y), real(ops, x))


@operator("math.copysign", math.copysign)
def copysign(ops: Ops, x: Any, y: Any) -> Any:
    """math.copysign(x, y)."""
    return ops.apply("fcopysign", real(ops, x), real(ops, y))


@operator("math.nextafter", math.nextafter)
def nextafter(ops: Ops, x: Any, y: Any) -> Any:
    """math.nextafter(x, y)."""
    return ops.apply("nextafter", real(ops, x), real(ops, y))


@operator("math.ldexp", math.ldexp)
def ldexp(ops: Ops, x: Any, n: Any) -> Any:
    """math.ldexp(x, n): x * 2**n."""
    x = real(ops, x)
    if not is_whole(ops, n):
        raise Mismatch("Expected an int as second argument to ldexp.")
    out = ops.apply("ldexp", x, to_int(ops, n))
    refuse(ops, _overflows(ops, x, out), *RANGE)
    return out


@operator("math.frexp", math.frexp)
def frexp(ops: Ops, x: Any) -> Any:
    """math.frexp(x): the tuple (mantissa, exponent)."""
    x = real(ops, x)
    return ops.tuple([ops.apply("frexp_mantissa", x), ops.apply("frexp_exponent", x)])


@operator("math.modf", math.modf)
def modf(ops: Ops, x: Any) -> Any:
    """math.modf(x): the tuple (fraction, integral part), both floats with the sign of x."""
    x = real(ops, x)
    return ops.tuple([ops.apply("ffrac", x), ops.apply("ftrunc", x)])


@operator("math.degrees", math.degrees)
def degrees(ops: Ops, x: Any) -> Any:
    """math.degrees(x)."""
    return ops.apply("fmul", real(ops, x), ops.lift(180.0 / math.pi))


@operator("math.radians", math.radians)
def radians(ops: Ops, x: Any) -> Any:
    """math.radians(x)."""
    return ops.apply("fmul", real(ops, x), ops.lift(math.pi / 180.0))


def _length(ops: Ops, xs: list[Any]) -> Any:
    """The length of a vector of floats."""
    if not xs:
        return ops.lift(0.0)
    if len(xs) == 1:
        return ops.apply("fabs", xs[0])
    if len(xs) == 2:
        return ops.apply("hypot", *xs)
    out = ops.apply("hypot3", *xs[:3])
    for x in xs[3:]:
        out = ops.apply("hypot", out, x)
    return out


@operator("math.hypot", math.hypot)
def hypot(ops: Ops, *xs: Any) -> Any:
    """math.hypot(xs...): the length of a vector."""
    return _length(ops, [real(ops, x) for x in xs])


@operator("math.dist", math.dist)
def dist(ops: Ops, p: Any, q: Any) -> Any:
    """math.dist(p, q): the distance of two points, given as tuples."""
    xs = [real(ops, x) for x in known_items(ops, p)]
    ys = [real(ops, y) for y in known_items(ops, q)]
    if len(xs) != len(ys):
        return ops.raise_("ValueError", "both points must have the same number of dimensions")
    return _length(ops, [ops.apply("fsub", x, y) for x, y in zip(xs, ys)])


@operator("math.prod", math.prod, keywords=("iterable", "start"))
def prod(ops: Ops, iterable: Any, start: Any = None) -> Any:
    """math.prod(iterable, start=1), multiplied from the left."""
    return fold(ops, "mul", [ops.lift(1) if start is None else start, *known_items(ops, iterable)])


@operator("math.isclose", math.isclose, keywords=("a", "b", "rel_tol", "abs_tol"))
def isclose(ops: Ops, a: Any, b: Any, rel_tol: Any = None, abs_tol: Any = None) -> Any:
    """math.isclose(a, b, rel_tol=1e-09, abs_tol=0.0)."""
    x, y = real(ops, a), real(ops, b)
    relative = ops.lift(1e-09) if rel_tol is None else real(ops, rel_tol)
    absolute = ops.lift(0.0) if abs_tol is None else real(ops, abs_tol)
    zero = ops.lift(0.0)
    negative = either(ops, ops.apply("flt", relative, zero), ops.apply("flt", absolute, zero))
    refuse(ops, negative, "ValueError", "tolerances must be non-negative")
    distance = ops.apply("fabs", ops.apply("fsub", y, x))

    def within(z: Any) -> Any:
        return ops.apply("fle", distance, ops.apply("fabs", ops.apply("fmul", relative, z)))

    near = either(ops, within(y), within(x), ops.apply("fle", distance, absolute))
    finite = ops.apply("not_", either(ops, _is_infinite(ops, x), _is_infinite(ops, y)))
    return either(ops, ops.apply("feq", x, y), ops.apply("and_", finite, near))


@operator("math.gcd", math.gcd)
def gcd(ops: Ops, *xs: Any) -> Any:
    """math.gcd(xs...) of ints."""
    out = ops.lift(0)
    for x in xs:
        out = ops.apply("igcd", out, index(ops, x))
    ops.check(ops.apply("ile", ops.lift(0), out), "OverflowError", TOO_LARGE)
    return out


@operator("math.lcm", math.lcm)
def lcm(ops: Ops, *xs: Any) -> Any:
    """math.lcm(xs...) of ints."""
    out = ops.lift(1)
    numbers = [index(ops, x) for x in xs]
    for n in numbers:
        part = ops.apply("ifloordiv", out, ops.apply("igcd", out, n))
        ops.check(ops.apply("imul_ok", part, n), "OverflowError", TOO_LARGE)
        out = ops.apply("iabs", ops.apply("imul", part, n))
        ops.check(ops.apply("ile", ops.lift(0), out), "OverflowError", TOO_LARGE)
    return out


@operator("math.factorial", math.factorial)
def factorial(ops: Ops, n: Any) -> Any:
    """math.factorial(n) of an int up to 20."""
    n = index(ops, n)
    refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", "factorial() not defined for negative values")
    ops.check(ops.apply("ile", n, ops.lift(20)), "OverflowError", TOO_LARGE)
    return ops.apply("ifactorial", n)


@operator("math.isqrt", math.isqrt)
def isqrt(ops: Ops, n: Any) -> Any:
    """math.isqrt(n): the integral part of the root of an int."""
    n = index(ops, n)
    refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", "isqrt() argument must be nonnegative")
    return ops.apply("iisqrt", n)


def _count(ops: Ops, name: str, n: Any, k: Any) -> Any:
    for value, letter in ((n, "n"), (k, "k")):
        negative = ops.apply("ilt", value, ops.lift(0))
        refuse(ops, negative, "ValueError", f"{letter} must be a non-negative integer")
    out = ops.apply(name, n, k)
    ops.check(ops.apply("ile", ops.lift(0), out), "OverflowError", TOO_LARGE)
    return out


@operator("math.comb", math.comb)
def comb(ops: Ops, n: Any, k: Any) -> Any:
    """math.comb(n, k): the ways to choose k of n."""
    return _count(ops, "icomb", index(ops, n), index(ops, k))


@operator("math.perm", math.perm)
def perm(ops: Ops, n: Any, k: Any = None) -> Any:
    """math.perm(n, k=None): the ways to arrange k of n; n! without k."""
    if k is None or ops.kind(k) == "none":
        return ops.operate("math.factorial", n)
    return _count(ops, "iperm", index(ops, n), index(ops, k))
