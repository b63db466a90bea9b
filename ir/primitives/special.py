"""Primitives for the special functions of `math`, and the polygamma functions that their derivatives need."""

from __future__ import annotations

import math

from tapeless.ir.abstract import FLOAT
from tapeless.ir.primitive import Var, primitive
from tapeless.ir.primitives.arithmetic import POSITIVE, REALS, fmul, fneg
from tapeless.ir.primitives.elementary import exp
from tapeless.ir.primitives.integers import isub
from tapeless.ir.primitives.native import libm

OUT, X, Y = Var(0), Var(1), Var(2)
SHIFT = 16.0
# B(2j) / (2j)!: the coefficients of the Euler-Maclaurin formula.
BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
    -3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000,
)  # fmt: skip
# B(2j) / (2j): the coefficients of the asymptotic series of digamma.
DIGAMMA = (
    1 / 12,
    -1 / 120,
    1 / 252,
    -1 / 240,
    1 / 132,
    -691 / 32760,
    1 / 12,
    -3617 / 8160,
    43867 / 14364,
    -174611 / 6600,
)

_pow, _log, _sin, _cos, _tgamma = libm("pow", 2), libm("log"), libm("sin"), libm("cos"), libm("tgamma")


def hurwitz(s: float, a: float) -> float:
    """The sum of (a + k)**-s over k >= 0, for an integral s >= 2 and a > 0."""
    total = 0.0
    while a < SHIFT + s:
        total += _pow(a, -s)
        a += 1.0
    power = _pow(a, -s)
    total += power * a / (s - 1.0) + 0.5 * power
    factor, square = power * s / a, a * a
    for j, b in enumerate(BERNOULLI):
        total += b * factor
        factor = factor * (s + (2.0 * j + 1.0)) * (s + (2.0 * j + 2.0)) / square
    return total


def digamma(x: float) -> float:
    """The derivative of log(gamma(x)); nan at its poles."""
    if math.isnan(x) or x == -math.inf or (x <= 0.0 and math.floor(x) == x):
        return math.nan
    if x < 0.0:
        up, down = x - math.floor(x), math.ceil(x) - x
        angle = math.pi * min(up, down)
        cotangent = _cos(angle) / _sin(angle)
        return _digamma_positive(1.0 - x) - math.pi * (cotangent if up <= down else -cotangent)
    return _digamma_positive(x)


def _digamma_positive(x: float) -> float:
    total = 0.0
    while x < SHIFT:
        total -= 1.0 / x
        x += 1.0
    total += _log(x) - 0.5 / x
    inverse = 1.0 / x / x
    factor = inverse
    for b in DIGAMMA:
        total -= b * factor
        factor *= inverse
    return total


def _polygamma(n: int, x: float) -> float:
    if n <= 0:
        return digamma(x)
    if math.isnan(x) or x == -math.inf or (x <= 0.0 and math.floor(x) == x):
        return math.nan
    s = float(n) + 1.0
    odd = n % 2 == 1
    if x == math.inf:
        total = 0.0
    elif x > 0.0:
        total = hurwitz(s, x)
    else:
        up, down = x - math.floor(x), math.ceil(x) - x
        left = hurwitz(s, down) - hurwitz(s, 1.0 - x)
        total = hurwitz(s, up) + (left if odd else -left)
    total *= _tgamma(s)
    return total if odd else -total


polygamma = primitive(
    "polygamma",
    doc="polygamma(n, x): the n-th derivative of the derivative of log(gamma(x)), n >= 0 a constant; nan at the poles.",
    result=FLOAT,
    evaluate=_polygamma,
    lower="call:tl_polygamma",
    domain=((0, 3), POSITIVE),
)
polygamma.partials = (0.0, polygamma(isub(X, -1), Y))


def _round_digits(x: float, n: int) -> float:
    return round(x, n) if math.isfinite(x) and 0 <= n <= 323 else x


fround_digits = primitive(
    "fround_digits",
    doc="x rounded to n >= 0 decimal digits behind the point: the float nearest to the decimal, half to even.",
    result=FLOAT,
    evaluate=_round_digits,
    partials=(0.0, 0.0),
    lower="call:tl_round_digits",
    domain=((-0.45, 0.45), (0, 0)),
)

erf = primitive(
    "erf",
    doc="The error function.",
    result=FLOAT,
    evaluate=libm("erf"),
    partials=(fmul(2.0 / math.sqrt(math.pi), exp(fneg(fmul(X, X)))),),
    lower="libm:erf",
    domain=(REALS,),
)
erfc = primitive(
    "erfc",
    doc="The complementary error function, 1 - erf(x).",
    result=FLOAT,
    evaluate=libm("erfc"),
    partials=(fmul(-2.0 / math.sqrt(math.pi), exp(fneg(fmul(X, X)))),),
    lower="libm:erfc",
    domain=(REALS,),
)
gamma = primitive(
    "gamma",
    doc="The gamma function, by libm; CPython has code of its own, which differs by a few units in the last place.",
    result=FLOAT,
    evaluate=libm("tgamma"),
    partials=(fmul(OUT, polygamma(0, X)),),
    lower="libm:tgamma",
    domain=(POSITIVE,),
)
lgamma = primitive(
    "lgamma",
    doc="The logarithm of |gamma(x)|, by libm; CPython's own code differs in the last places.",
    result=FLOAT,
    evaluate=libm("lgamma"),
    partials=(polygamma(0, X),),
    lower="libm:lgamma",
    domain=(POSITIVE,),
)
