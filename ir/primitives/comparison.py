"""Primitives that compare, combine truth values, and convert between the scalars. Their values are discrete."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from tapeless.ir.abstract import BOOL, FLOAT, INT
from tapeless.ir.primitive import Primitive, Var, primitive
from tapeless.ir.primitives.integers import MAX, MIN

X, Y = Var(1), Var(2)


def _test(name: str, doc: str, evaluate: Callable[..., bool], lower: str, commutes: bool = False) -> Primitive:
    return primitive(name, doc=doc, result=BOOL, evaluate=evaluate, lower=lower, commutes=commutes)


feq = _test("feq", "x == y of floats; False for nan.", operator.eq, "fcmp oeq double {0}, {1}", commutes=True)
fne = _test("fne", "x != y of floats; True for nan.", operator.ne, "fcmp une double {0}, {1}", commutes=True)
flt = _test("flt", "x < y of floats; False for nan.", operator.lt, "fcmp olt double {0}, {1}")
fle = _test("fle", "x <= y of floats; False for nan.", operator.le, "fcmp ole double {0}, {1}")
ieq = _test("ieq", "a == b of ints.", operator.eq, "icmp eq i64 {0}, {1}", commutes=True)
ine = _test("ine", "a != b of ints.", operator.ne, "icmp ne i64 {0}, {1}", commutes=True)
ilt = _test("ilt", "a < b of ints.", operator.lt, "icmp slt i64 {0}, {1}")
ile = _test("ile", "a <= b of ints.", operator.le, "icmp sle i64 {0}, {1}")
if_eq = _test("if_eq", "a == x of an int and a float, exactly.", operator.eq, "call:tl_if_eq")
if_lt = _test("if_lt", "a < x of an int and a float, exactly.", operator.lt, "call:tl_if_lt")
if_le = _test("if_le", "a <= x of an int and a float, exactly.", operator.le, "call:tl_if_le")
fi_lt = _test("fi_lt", "x < a of a float and an int, exactly.", operator.lt, "call:tl_fi_lt")
fi_le = _test("fi_le", "x <= a of a float and an int, exactly.", operator.le, "call:tl_fi_le")

not_ = _test("not_", "The other truth value.", operator.not_, "xor i1 {0}, true")
and_ = _test("and_", "Whether both hold.", operator.and_, "and i1 {0}, {1}", commutes=True)
or_ = _test("or_", "Whether one holds.", operator.or_, "or i1 {0}, {1}", commutes=True)
xor_ = _test("xor_", "Whether exactly one holds.", operator.xor, "xor i1 {0}, {1}", commutes=True)
beq = _test("beq", "Whether two truth values agree.", operator.eq, "icmp eq i1 {0}, {1}", commutes=True)

isnan = _test("isnan", "Whether x is nan.", math.isnan, "fcmp uno double {0}, 0.0")
isinf = _test("isinf", "Whether x is an infinity.", math.isinf, "call i1 @llvm.is.fpclass.f64(double {0}, i32 516)")
isfinite = _test(
    "isfinite", "Whether x is a number.", math.isfinite, "call i1 @llvm.is.fpclass.f64(double {0}, i32 504)"
)
f2i_ok = _test("f2i_ok", "Whether x, truncated, is an i64.", lambda x: -(2.0**63) <= x < 2.0**63, "call:tl_f2i_ok")
i2f_exact = _test("i2f_exact", "Whether a float equals the int.", lambda a: float(a) == a, "call:tl_i2f_exact")


def _truncate(x: float) -> int:
    if math.isnan(x):
        return 0
    return int(max(x, float(MIN))) if x < 2.0**63 else MAX


b2i = primitive(
    "b2i", doc="A truth value as 0 or 1.", result=INT, evaluate=lambda b: 1 if b else 0, lower="zext i1 {0} to i64"
)
b2f = primitive(
    "b2f",
    doc="A truth value as 0.0 or 1.0.",
    result=FLOAT,
    evaluate=lambda b: 1.0 if b else 0.0,
    lower="uitofp i1 {0} to double",
)
i2f = primitive(
    "i2f", doc="The float nearest to an int.", result=FLOAT, evaluate=float, lower="sitofp i64 {0} to double"
)
f2i = primitive(
    "f2i",
    doc="A float truncated to an int; the nearest i64 where it is outside, 0 for nan.",
    result=INT,
    evaluate=_truncate,
    lower="call i64 @llvm.fptosi.sat.i64.f64(double {0})",
)

not_.rule("not-not", not_(not_(X)), X)
not_.rule("not-feq", not_(feq(X, Y)), fne(X, Y))
not_.rule("not-fne", not_(fne(X, Y)), feq(X, Y))
not_.rule("not-ieq", not_(ieq(X, Y)), ine(X, Y))
not_.rule("not-ine", not_(ine(X, Y)), ieq(X, Y))
not_.rule("not-ilt", not_(ilt(X, Y)), ile(Y, X))
not_.rule("not-ile", not_(ile(X, Y)), ilt(Y, X))
and_.rule("and-true", and_(X, True), X)
and_.rule("and-false", and_(X, False), False)
and_.rule("and-self", and_(X, X), X)
or_.rule("or-true", or_(X, True), True)
or_.rule("or-false", or_(X, False), X)
or_.rule("or-self", or_(X, X), X)
xor_.rule("xor-false", xor_(X, False), X)
xor_.rule("xor-true", xor_(X, True), not_(X))
beq.rule("beq-true", beq(X, True), X)
beq.rule("beq-false", beq(X, False), not_(X))
for _p, _value in ((ieq, True), (ine, False), (ilt, False), (ile, True)):
    _p.rule(f"{_p.name}-self", _p(X, X), _value)
for _p, _value in ((flt, False), (feq, True), (fle, True), (fne, False)):
    _p.rule(f"{_p.name}-self", _p(X, X), _value, "exact" if _p is flt else "real")
