"""Primitives of derivative arithmetic: what AD adds and multiplies with.

They differ from the arithmetic of the primal in two points. Their rules treat 0.0 as the zero of a vector space:
`gadd(0.0, x)` is x and `gmul(0.0, p)` is 0.0 whatever x and p are. And they may be contracted to fused multiply-adds.
"""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT
from tapeless.ir.primitive import Var, primitive
from tapeless.ir.primitives.arithmetic import POSITIVE, REALS, fdiv, fmul, fneg, quotient
from tapeless.ir.primitives.native import libm

OUT, X, Y = Var(0), Var(1), Var(2)

gadd = primitive(
    "gadd",
    doc="The sum of two cotangents.",
    result=FLOAT,
    evaluate=lambda a, b: a + b,
    partials=(1.0, 1.0),
    lower="fadd contract double {0}, {1}",
    commutes=True,
    domain=(REALS, REALS),
)
gneg = primitive(
    "gneg",
    doc="The negative of a cotangent.",
    result=FLOAT,
    evaluate=lambda a: -a,
    partials=(-1.0,),
    lower="fneg contract double {0}",
    domain=(REALS,),
)
gmul = primitive(
    "gmul",
    doc="A cotangent times a partial derivative.",
    result=FLOAT,
    evaluate=lambda ct, p: ct * p,
    partials=(Y, X),
    lower="fmul contract double {0}, {1}",
    domain=(REALS, REALS),
)
gmul_guarded = primitive(
    "gmul_guarded",
    doc="A cotangent times a partial derivative that may be infinite or nan: 0.0 where either of them is zero.",
    result=FLOAT,
    evaluate=lambda ct, p: 0.0 if ct == 0.0 or p == 0.0 else ct * p,
    partials=(Y, X),
    singular=True,
    lower="call:tl_mul_guarded",
    commutes=True,
    domain=(REALS, REALS),
)
gdiv_guarded = primitive(
    "gdiv_guarded",
    doc="A quotient in a partial derivative: 0.0 where the numerator is zero, also for 0 / 0.",
    result=FLOAT,
    evaluate=lambda x, y: 0.0 if x == 0.0 else quotient(x, y),
    partials=(fdiv(1.0, Y), fneg(fdiv(OUT, Y))),
    singular=True,
    lower="call:tl_div_guarded",
    domain=(REALS, POSITIVE),
)
gpow = primitive(
    "gpow",
    doc="A power in a partial derivative: libm's pow, except that small constant powers may be products.",
    result=FLOAT,
    evaluate=libm("pow", 2),
    singular=True,
    lower="libm:pow",
    domain=(POSITIVE, REALS),
)

gadd.rule("gadd-zero", gadd(X, 0.0), X)
gadd.rule("gadd-neg-neg", gadd(gneg(X), gneg(Y)), gneg(gadd(X, Y)))
gneg.rule("gneg-gneg", gneg(gneg(X)), X)
gmul.rule("gmul-zero-cotangent", gmul(0.0, X), 0.0)
gmul.rule("gmul-zero-partial", gmul(X, 0.0), 0.0)
gmul.rule("gmul-one", gmul(X, 1.0), X)
gmul.rule("gmul-one-cotangent", gmul(1.0, X), X)
gmul.rule("gmul-minus-one", gmul(X, -1.0), gneg(X))
gmul.rule("gmul-minus-one-cotangent", gmul(-1.0, X), gneg(X))
gmul.rule("gmul-gneg", gmul(gneg(X), Y), gneg(gmul(X, Y)))
gmul.rule("gmul-fneg", gmul(X, fneg(Y)), gneg(gmul(X, Y)))
gmul.rule("gmul-gneg-partial", gmul(X, gneg(Y)), gneg(gmul(X, Y)))
gmul.rule("gmul-reciprocal", gmul(X, fdiv(1.0, Y)), fdiv(X, Y))
gmul_guarded.rule("gmul_guarded-zero-cotangent", gmul_guarded(0.0, X), 0.0)
gmul_guarded.rule("gmul_guarded-zero-partial", gmul_guarded(X, 0.0), 0.0)
gmul_guarded.rule("gmul_guarded-one", gmul_guarded(X, 1.0), X)
gmul_guarded.rule("gmul_guarded-one-cotangent", gmul_guarded(1.0, X), X)
gmul_guarded.rule("gmul_guarded-minus-one", gmul_guarded(X, -1.0), gneg(X))
gmul_guarded.rule("gmul_guarded-gneg", gmul_guarded(gneg(X), Y), gneg(gmul_guarded(X, Y)))
gdiv_guarded.rule("gdiv_guarded-zero", gdiv_guarded(0.0, X), 0.0)
gpow.rule("gpow-0", gpow(X, 0.0), 1.0)
gpow.rule("gpow-1", gpow(X, 1.0), X)
gpow.rule("gpow-2", gpow(X, 2.0), fmul(X, X))
gpow.rule("gpow-3", gpow(X, 3.0), fmul(fmul(X, X), X))
gpow.rule("gpow-4", gpow(X, 4.0), fmul(fmul(X, X), fmul(X, X)))
gpow.rule("gpow-minus-1", gpow(X, -1.0), fdiv(1.0, X))
gpow.rule("gpow-minus-2", gpow(X, -2.0), fdiv(1.0, fmul(X, X)))
gpow.rule("gpow-minus-3", gpow(X, -3.0), fdiv(1.0, fmul(fmul(X, X), X)))
