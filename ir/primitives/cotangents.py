"""Primitives of derivative arithmetic: what AD adds and multiplies with.

They differ from the arithmetic of the primal in three points. Their rules treat 0.0 as the zero of a vector space:
`gadd(0.0, x)` is x and `gmul(0.0, p)` is 0.0 whatever x and p are. They have no oracle to the bit, so their rules may
change the order of sums and products. And they may be contracted to fused multiply-adds.
"""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT
from tapeless.ir.primitive import Number, Var, primitive
from tapeless.ir.primitives.arithmetic import POSITIVE, REALS, fadd, fdiv, fmul, fneg, quotient
from tapeless.ir.primitives.native import libm

OUT, X, Y, Z, W = Var(0), Var(1), Var(2), Var(3), Var(4)
C, D = Number(5), Number(6)

gadd = primitive(
    "gadd",
    doc="The sum of two cotangents.",
    result=FLOAT,
    evaluate=lambda a, b: a + b,
    partials=(1.0, 1.0),
    lower="fadd contract double {0}, {1}",
    commutes=True,
    exact="fadd",
    domain=(REALS, REALS),
)
gsub = primitive(
    "gsub",
    doc="The difference of two cotangents.",
    result=FLOAT,
    evaluate=lambda a, b: a - b,
    partials=(1.0, -1.0),
    lower="fsub contract double {0}, {1}",
    exact="fsub",
    domain=(REALS, REALS),
)
gneg = primitive(
    "gneg",
    doc="The negative of a cotangent.",
    result=FLOAT,
    evaluate=lambda a: -a,
    partials=(-1.0,),
    lower="fneg contract double {0}",
    exact="fneg",
    domain=(REALS,),
)
gmul = primitive(
    "gmul",
    doc="A cotangent times a partial derivative.",
    result=FLOAT,
    evaluate=lambda ct, p: ct * p,
    partials=(Y, X),
    lower="fmul contract double {0}, {1}",
    commutes=True,
    exact="fmul",
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
gdiv = primitive(
    "gdiv",
    doc="A quotient in a partial derivative, or of a cotangent.",
    result=FLOAT,
    evaluate=quotient,
    lower="fdiv contract double {0}, {1}",
    exact="fdiv",
    domain=(REALS, POSITIVE),
)
fdiv.partials = gdiv.partials = (gdiv(1.0, Y), gneg(gdiv(OUT, Y)))
gdiv_guarded = primitive(
    "gdiv_guarded",
    doc="A quotient in a partial derivative: 0.0 where the numerator is zero, also for 0 / 0.",
    result=FLOAT,
    evaluate=lambda x, y: 0.0 if x == 0.0 else quotient(x, y),
    partials=(gdiv(1.0, Y), gneg(gdiv(OUT, Y))),
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

# zero, sign and constants
gadd.rule("gadd-zero", gadd(X, 0.0), X)
gadd.rule("gadd-gneg-gneg", gadd(gneg(X), gneg(Y)), gneg(gadd(X, Y)))
gadd.rule("gadd-gneg", gadd(X, gneg(Y)), gsub(X, Y))
gsub.rule("gsub-zero", gsub(X, 0.0), X)
gsub.rule("gsub-from-zero", gsub(0.0, X), gneg(X))
gsub.rule("gsub-gneg", gsub(X, gneg(Y)), gadd(X, Y))
gsub.rule("gsub-gneg-left", gsub(gneg(X), Y), gneg(gadd(X, Y)))
gneg.rule("gneg-gneg", gneg(gneg(X)), X)
gneg.rule("gneg-fneg", gneg(fneg(X)), X)
gneg.rule("gneg-gsub", gneg(gsub(X, Y)), gsub(Y, X))
gmul.rule("gmul-zero", gmul(X, 0.0), 0.0)
gmul.rule("gmul-one", gmul(X, 1.0), X)
gmul.rule("gmul-minus-one", gmul(X, -1.0), gneg(X))
gmul.rule("gmul-gneg", gmul(gneg(X), Y), gneg(gmul(X, Y)), ordered=True)
gmul.rule("gmul-gneg-right", gmul(X, gneg(Y)), gneg(gmul(X, Y)), ordered=True)
gmul.rule("gmul-numbers", gmul(gmul(X, C), D), gmul(X, fmul(C, D)))
gmul.rule("gmul-fmul-numbers", gmul(fmul(X, C), D), gmul(X, fmul(C, D)))
gmul.rule("gmul-gdiv-number", gmul(gdiv(C, X), D), gdiv(fmul(C, D), X))
gmul.rule("gmul-factor-number", gmul(gmul(gmul(X, C), Y), D), gmul(gmul(X, fmul(C, D)), Y))
gmul.rule("gmul-factor-gdiv-number", gmul(gmul(gdiv(C, X), Y), D), gmul(gdiv(fmul(C, D), X), Y))
gmul.rule("gmul-known-product", gmul(gmul(X, Y), Z), gmul(gmul(Y, Z), X), "known")
gdiv.rule("gdiv-one", gdiv(X, 1.0), X)
gdiv.rule("gdiv-gneg", gdiv(gneg(X), Y), gneg(gdiv(X, Y)))

# of x / y, what x gets is a factor of what y gets
gmul.rule("gmul-known-quotient", gmul(gdiv(1.0, Y), X), fdiv(X, Y), "known")
gmul.rule("gmul-reciprocal", gmul(X, gdiv(1.0, Y)), gdiv(X, Y), ordered=True)
gmul.rule("gmul-quotient", gmul(X, gdiv(Y, Z)), gmul(gdiv(X, Z), Y), ordered=True)

# common factors and divisors
gadd.rule("gadd-twice", gadd(X, X), gmul(X, 2.0))
gadd.rule("gadd-number", gadd(X, gmul(X, C)), gmul(X, fadd(C, 1.0)))
gadd.rule("gadd-factor", gadd(gmul(X, Y), gmul(X, Z)), gmul(X, gadd(Y, Z)))
gadd.rule("gadd-factor-deep", gadd(gmul(X, Y), gmul(gmul(X, Z), W)), gmul(X, gadd(Y, gmul(Z, W))))
gadd.rule("gadd-factor-sum", gadd(gadd(W, gmul(X, Y)), gmul(X, Z)), gadd(W, gmul(X, gadd(Y, Z))))
gadd.rule("gadd-twice-sum", gadd(gadd(X, Y), Y), gadd(X, gmul(Y, 2.0)))
gadd.rule("gadd-divisor", gadd(gdiv(X, Z), gdiv(Y, Z)), gdiv(gadd(X, Y), Z))
gsub.rule("gsub-factor", gsub(gmul(X, Y), gmul(X, Z)), gmul(X, gsub(Y, Z)))
gsub.rule("gsub-factor-left", gsub(gmul(X, Y), gmul(gmul(X, Z), W)), gmul(X, gsub(Y, gmul(Z, W))))
gsub.rule("gsub-factor-right", gsub(gmul(gmul(X, Z), W), gmul(X, Y)), gmul(X, gsub(gmul(Z, W), Y)))
gsub.rule("gsub-divisor", gsub(gdiv(X, Z), gdiv(Y, Z)), gdiv(gsub(X, Y), Z))

# where a partial may be infinite
gmul_guarded.rule("gmul_guarded-zero", gmul_guarded(X, 0.0), 0.0)
gmul_guarded.rule("gmul_guarded-one", gmul_guarded(X, 1.0), X)
gmul_guarded.rule("gmul_guarded-minus-one", gmul_guarded(X, -1.0), gneg(X))
gmul_guarded.rule("gmul_guarded-gneg", gmul_guarded(gneg(X), Y), gneg(gmul_guarded(X, Y)))
gmul_guarded.rule("gmul_guarded-number", gmul_guarded(X, C), gmul(X, C))
gdiv_guarded.rule("gdiv_guarded-zero", gdiv_guarded(0.0, X), 0.0)
gpow.rule("gpow-0", gpow(X, 0.0), 1.0)
gpow.rule("gpow-1", gpow(X, 1.0), X)
gpow.rule("gpow-2", gpow(X, 2.0), fmul(X, X))
gpow.rule("gpow-3", gpow(X, 3.0), fmul(fmul(X, X), X))
gpow.rule("gpow-4", gpow(X, 4.0), fmul(fmul(X, X), fmul(X, X)))
gpow.rule("gpow-minus-1", gpow(X, -1.0), gdiv(1.0, X))
gpow.rule("gpow-minus-2", gpow(X, -2.0), gdiv(1.0, fmul(X, X)))
gpow.rule("gpow-minus-3", gpow(X, -3.0), gdiv(1.0, fmul(fmul(X, X), X)))
