"""Primitives that are functions of the C library: total where `math` raises, with the same bits where it does not."""

from __future__ import annotations

import math
from typing import Any

from tapeless.ir.abstract import FLOAT, INT
from tapeless.ir.primitive import Primitive, Var, primitive
from tapeless.ir.primitives.arithmetic import POSITIVE, REALS, fdiv, fmul
from tapeless.ir.primitives.comparison import i2f
from tapeless.ir.primitives.cotangents import gdiv, gdiv_guarded, gmul_guarded, gneg, gpow
from tapeless.ir.primitives.integers import ineg, isub
from tapeless.ir.primitives.native import libm

OUT, X, Y, Z = Var(0), Var(1), Var(2), Var(3)
UNIT = (-0.9, 0.9)
ABOVE_ONE = (1.2, 4.0)


def _libm(
    name: str,
    doc: str,
    *domain: tuple[float, float],
    partials: tuple[Any, ...] | None = None,
    singular: bool = False,
    c_name: str = "",
) -> Primitive:
    c_name = c_name or name
    return primitive(
        name,
        doc=doc,
        result=FLOAT,
        evaluate=libm(c_name, len(domain)),
        partials=partials,
        singular=singular,
        lower=f"libm:{c_name}",
        domain=domain,
    )


exp = _libm("exp", "e to the power x.", REALS, partials=(OUT,))
exp2 = _libm("exp2", "2 to the power x.", REALS, partials=(fmul(OUT, math.log(2.0)),))
expm1 = _libm("expm1", "exp(x) - 1 without loss near 0.", REALS, partials=(OUT + 1.0,))
log = _libm("log", "The natural logarithm.", POSITIVE, partials=(gdiv(1.0, X),))
log1p = _libm("log1p", "log(1 + x) without loss near 0.", UNIT, partials=(gdiv(1.0, 1.0 + X),))
log2 = _libm("log2", "The logarithm to base 2.", POSITIVE, partials=(gdiv(1.0 / math.log(2.0), X),))
log10 = _libm("log10", "The logarithm to base 10.", POSITIVE, partials=(gdiv(1.0 / math.log(10.0), X),))
sqrt = primitive(
    "sqrt",
    doc="The square root.",
    result=FLOAT,
    evaluate=libm("sqrt"),
    partials=(gdiv(0.5, OUT),),
    singular=True,
    lower="call double @llvm.sqrt.f64(double {0})",
    domain=(POSITIVE,),
)
cbrt = _libm("cbrt", "The cube root.", POSITIVE, partials=(gdiv(1.0, 3.0 * fmul(OUT, OUT)),), singular=True)

sin = _libm("sin", "The sine of x radians.", REALS)
cos = _libm("cos", "The cosine of x radians.", REALS, partials=(gneg(sin(X)),))
sin.partials = (cos(X),)
tan = _libm("tan", "The tangent of x radians.", (-1.2, 1.2), partials=(1.0 + OUT * OUT,))
asin = _libm("asin", "The arc sine.", UNIT, partials=(gdiv(1.0, sqrt((1.0 - X) * (1.0 + X))),), singular=True)
acos = _libm("acos", "The arc cosine.", UNIT, partials=(gdiv(-1.0, sqrt((1.0 - X) * (1.0 + X))),), singular=True)
atan = _libm("atan", "The arc tangent.", REALS, partials=(gdiv(1.0, 1.0 + fmul(X, X)),))
sinh = _libm("sinh", "The hyperbolic sine.", REALS)
cosh = _libm("cosh", "The hyperbolic cosine.", REALS, partials=(sinh(X),))
sinh.partials = (cosh(X),)
tanh = _libm("tanh", "The hyperbolic tangent.", REALS, partials=(1.0 - OUT * OUT,))
asinh = _libm("asinh", "The inverse hyperbolic sine.", REALS, partials=(gdiv(1.0, sqrt(1.0 + fmul(X, X))),))
acosh = _libm(
    "acosh",
    "The inverse hyperbolic cosine.",
    ABOVE_ONE,
    partials=(gdiv(1.0, sqrt(X - 1.0) * sqrt(X + 1.0)),),
    singular=True,
)
atanh = _libm("atanh", "The inverse hyperbolic tangent.", UNIT, partials=(gdiv(1.0, (1.0 - X) * (1.0 + X)),))

hypot = primitive(
    "hypot",
    doc="The length of the vector (x, y), as CPython computes it.",
    result=FLOAT,
    evaluate=math.hypot,
    partials=(gdiv_guarded(X, OUT), gdiv_guarded(Y, OUT)),
    singular=True,
    lower="call:tl_hypot2",
    domain=(POSITIVE, POSITIVE),
)
hypot3 = primitive(
    "hypot3",
    doc="The length of the vector (x, y, z), as CPython computes it.",
    result=FLOAT,
    evaluate=math.hypot,
    partials=(gdiv_guarded(X, OUT), gdiv_guarded(Y, OUT), gdiv_guarded(Z, OUT)),
    singular=True,
    lower="call:tl_hypot3",
    domain=(POSITIVE, POSITIVE, POSITIVE),
)
atan2 = _libm(
    "atan2",
    "atan2(y, x): the angle of the vector (x, y).",
    POSITIVE,
    POSITIVE,
    partials=(
        gdiv_guarded(gdiv_guarded(Y, hypot(X, Y)), hypot(X, Y)),
        gneg(gdiv_guarded(gdiv_guarded(X, hypot(X, Y)), hypot(X, Y))),
    ),
    singular=True,
)

fpow = _libm("fpow", "x to the power y.", POSITIVE, REALS, singular=True, c_name="pow")


def _pow_log(k: int, x: float, y: float) -> float:
    if k == 0:
        return gpow.evaluate(x, y)  # type: ignore[misc]
    if x == 0.0 and y > 0.0:
        return 0.0
    return gpow.evaluate(x, y) * gpow.evaluate(log.evaluate(x), float(k))  # type: ignore[misc]


fpow_log = primitive(
    "fpow_log",
    doc="fpow_log(k, x, y): x**y * log(x)**k for an int k >= 0, the k-th derivative of x**y by y; 0 for x = 0 < y, k.",
    result=FLOAT,
    evaluate=_pow_log,
    singular=True,
    lower="call:tl_pow_log",
    domain=((1, 3), POSITIVE, REALS),
)
fpow_log.partials = (
    0.0,
    gmul_guarded(Z, fpow_log(X, Y, Z - 1.0)) + gmul_guarded(i2f(X), fpow_log(isub(X, 1), Y, Z - 1.0)),
    fpow_log(isub(X, -1), Y, Z),
)
fpow.partials = gpow.partials = (gmul_guarded(Y, gpow(X, Y - 1.0)), fpow_log(1, X, Y))

fpow.rule("fpow-zero", fpow(X, 0.0), 1.0)
fpow.rule("fpow-one", fpow(X, 1.0), X)
fpow.rule("fpow-two", fpow(X, 2.0), fmul(X, X), "real")
fpow.rule("fpow-three", fpow(X, 3.0), fmul(fmul(X, X), X), "real")
fpow.rule("fpow-minus-one", fpow(X, -1.0), fdiv(1.0, X), "real")
fpow.rule("fpow-half", fpow(X, 0.5), sqrt(X), "real")
fpow_log.rule("fpow_log-zero", fpow_log(0, X, Y), gpow(X, Y))


def _exponent(x: float) -> int:
    return math.frexp(x)[1]


def _scale(x: float, n: int) -> float:
    try:
        return math.ldexp(x, n)
    except OverflowError:
        return math.copysign(math.inf, x)


ldexp = primitive(
    "ldexp",
    doc="x * 2**n of a float and an int.",
    result=FLOAT,
    evaluate=_scale,
    lower="call:tl_ldexp_",
    domain=(REALS, (-5, 5)),
)
ldexp.partials = (ldexp(1.0, Y), 0.0)
frexp_exponent = primitive(
    "frexp_exponent",
    doc="The n for which x = m * 2**n with 0.5 <= |m| < 1; 0 for zeros, inf and nan.",
    result=INT,
    evaluate=_exponent,
    lower="call:tl_frexp_exponent",
)
frexp_mantissa = primitive(
    "frexp_mantissa",
    doc="The m for which x = m * 2**n with 0.5 <= |m| < 1; x itself for zeros, inf and nan.",
    result=FLOAT,
    evaluate=lambda x: math.frexp(x)[0],
    partials=(ldexp(1.0, ineg(frexp_exponent(X))),),
    lower="call:tl_frexp_mantissa",
    domain=((1.1, 1.9),),
)
nextafter = _libm("nextafter", "The float next to x in the direction of y.", POSITIVE, POSITIVE, partials=(1.0, 0.0))
ulp = primitive(
    "ulp",
    doc="The value of the least significant bit of x.",
    result=FLOAT,
    evaluate=math.ulp,
    partials=(0.0,),
    lower="call:tl_ulp",
    domain=((1.1, 1.9),),
)
