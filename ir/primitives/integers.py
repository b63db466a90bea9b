"""Primitives of int arithmetic: 64 bits, wrapping and total, each with a companion that says whether it is exact."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from tapeless.ir.abstract import BOOL, FLOAT, INT
from tapeless.ir.primitive import Primitive, Var, primitive
from tapeless.ir.primitives.arithmetic import quotient

X, Y = Var(1), Var(2)
MIN, MAX = -(2**63), 2**63 - 1


def wrap(n: int) -> int:
    """The i64 that has the lowest 64 bits of n."""
    return (int(n) - MIN) % 2**64 + MIN


def fits(n: int) -> bool:
    """Whether n is an i64."""
    return MIN <= n <= MAX


def _int(name: str, doc: str, evaluate: Callable[..., int], lower: str, commutes: bool = False) -> Primitive:
    def wrapped(*args: int) -> int:
        return wrap(evaluate(*args))

    return primitive(name, doc=doc, result=INT, evaluate=wrapped, lower=lower, commutes=commutes)


def _ok(name: str, doc: str, evaluate: Callable[..., bool], commutes: bool = False) -> Primitive:
    return primitive(name, doc=doc, result=BOOL, evaluate=evaluate, lower=f"call:tl_{name}", commutes=commutes)


def _shift_left(a: int, n: int) -> int:
    return a << n if 0 <= n < 64 else 0


def _shift_left_fits(a: int, n: int) -> bool:
    return n >= 0 and (a == 0 or (n < 64 and fits(a << n)))


def _power(a: int, n: int) -> int:
    return pow(a, n, 2**64) if n >= 0 else 0


def _power_fits(a: int, n: int) -> bool:
    return n >= 0 and (-1 <= a <= 1 or (n < 64 and fits(a**n)))


def _range_length(start: int, stop: int, step: int) -> int:
    if step == 0:
        return 0
    span = stop - start if step > 0 else start - stop
    return min((span - 1) // abs(step) + 1, MAX) if span > 0 else 0


iadd = _int("iadd", "a + b of ints, wrapping.", operator.add, "add i64 {0}, {1}", commutes=True)
isub = _int("isub", "a - b of ints, wrapping.", operator.sub, "sub i64 {0}, {1}")
imul = _int("imul", "a * b of ints, wrapping.", operator.mul, "mul i64 {0}, {1}", commutes=True)
ineg = _int("ineg", "-a of an int, wrapping.", operator.neg, "sub i64 0, {0}")
iabs = _int("iabs", "|a| of an int, wrapping.", abs, "call i64 @llvm.abs.i64(i64 {0}, i1 false)")
ifloordiv = _int(
    "ifloordiv", "Python's a // b, wrapping; 0 for b = 0.", lambda a, b: a // b if b else 0, "call:tl_ifloordiv"
)
imod = _int("imod", "Python's a % b; 0 for b = 0.", lambda a, b: a % b if b else 0, "call:tl_imod")
iand = _int("iand", "a & b of ints.", operator.and_, "and i64 {0}, {1}", commutes=True)
ior = _int("ior", "a | b of ints.", operator.or_, "or i64 {0}, {1}", commutes=True)
ixor = _int("ixor", "a ^ b of ints.", operator.xor, "xor i64 {0}, {1}", commutes=True)
inot = _int("inot", "~a of an int.", operator.invert, "xor i64 {0}, -1")
ishl = _int("ishl", "a << n, wrapping; 0 for n < 0.", _shift_left, "call:tl_ishl")
ishr = _int("ishr", "a >> n; the sign for n < 0.", lambda a, n: a >> (n if 0 <= n < 64 else 63), "call:tl_ishr")
ipow = _int("ipow", "a ** n of ints, wrapping; 0 for n < 0.", _power, "call:tl_ipow")

iadd_ok = _ok("iadd_ok", "Whether a + b is an i64.", lambda a, b: fits(a + b), commutes=True)
isub_ok = _ok("isub_ok", "Whether a - b is an i64.", lambda a, b: fits(a - b))
imul_ok = _ok("imul_ok", "Whether a * b is an i64.", lambda a, b: fits(a * b), commutes=True)
ishl_ok = _ok("ishl_ok", "Whether a << n is defined and an i64.", _shift_left_fits)
ipow_ok = _ok("ipow_ok", "Whether a ** n is an int, and an i64.", _power_fits)

idiv_true = primitive(
    "idiv_true",
    doc="a / b of ints as a float, correctly rounded; inf or nan for b = 0.",
    result=FLOAT,
    evaluate=lambda a, b: a / b if b else quotient(float(a), 0.0),
    lower="call:tl_idiv_true",
)
igcd = _int("igcd", "The greatest common divisor; negative only if it is 2**63.", math.gcd, "call:tl_igcd")
iisqrt = _int("iisqrt", "The integral part of a root; 0 for a < 0.", lambda a: math.isqrt(max(a, 0)), "call:tl_iisqrt")
ifactorial = _int(
    "ifactorial", "n!; 0 outside 0..20.", lambda n: math.factorial(n) if 0 <= n <= 20 else 0, "call:tl_ifactorial"
)


def _small(f: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """f where it is defined and fits, else -1. (Any argument that is not tried overflows.)"""

    def limited(n: int, k: int) -> int:
        if n < 0 or k < 0:
            return -1
        if k > n:
            return 0
        effort = min(k, n - k) if f is math.comb else k
        value = f(n, k) if effort <= 80 else MAX + 1
        return value if fits(value) else -1

    return limited


icomb = _int(
    "icomb", "The ways to choose k of n; -1 where it is too large or undefined.", _small(math.comb), "call:tl_icomb"
)
iperm = _int(
    "iperm", "The ways to arrange k of n; -1 where it is too large or undefined.", _small(math.perm), "call:tl_iperm"
)
range_length = _int(
    "range_length",
    "The length of range(start, stop, step), at most 2**63 - 1; 0 for step = 0.",
    _range_length,
    "call:tl_range_length",
)

iadd.rule("iadd-zero", iadd(X, 0), X)
isub.rule("isub-zero", isub(X, 0), X)
isub.rule("isub-self", isub(X, X), 0)
isub.rule("isub-iadd", isub(iadd(X, Y), Y), X)
iadd.rule("iadd-isub", iadd(isub(X, Y), Y), X)
imul.rule("imul-one", imul(X, 1), X)
imul.rule("imul-zero", imul(X, 0), 0)
ineg.rule("ineg-ineg", ineg(ineg(X)), X)
inot.rule("inot-inot", inot(inot(X)), X)
iadd_ok.rule("iadd_ok-zero", iadd_ok(X, 0), True)
isub_ok.rule("isub_ok-zero", isub_ok(X, 0), True)
imul_ok.rule("imul_ok-one", imul_ok(X, 1), True)
imul_ok.rule("imul_ok-zero", imul_ok(X, 0), True)
iand.rule("iand-self", iand(X, X), X)
ior.rule("ior-self", ior(X, X), X)
ifloordiv.rule("ifloordiv-one", ifloordiv(X, 1), X)
imod.rule("imod-one", imod(X, 1), 0)
