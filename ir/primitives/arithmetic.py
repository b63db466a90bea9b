"""Primitives of float arithmetic: total, as IEEE 754 and CPython's `float` have it where that does not raise.

In a partial, `Var(0)` is the output and `Var(i)` the i-th input. Conventions at kinks are tabled in
`docs/conventions.md`.
"""

from __future__ import annotations

import math

from tapeless.ir.abstract import FLOAT
from tapeless.ir.primitive import Var, primitive
from tapeless.ir.primitives.native import libm

OUT, X, Y = Var(0), Var(1), Var(2)
REALS = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)


def quotient(x: float, y: float) -> float:
    """x / y of IEEE 754, where Python raises ZeroDivisionError."""
    if y != 0.0 or math.isnan(y):
        return x / y
    if x == 0.0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def remainder(x: float, y: float) -> float:
    """Python's x % y; nan where it raises."""
    return x % y if y != 0.0 else math.nan


def floor_quotient(x: float, y: float) -> float:
    """Python's x // y; nan where it raises."""
    return x // y if y != 0.0 else math.nan


def _sign(x: float) -> float:
    return x if x == 0.0 or math.isnan(x) else math.copysign(1.0, x)


fadd = primitive(
    "fadd",
    doc="x + y of floats.",
    result=FLOAT,
    evaluate=lambda x, y: x + y,
    partials=(1.0, 1.0),
    lower="fadd double {0}, {1}",
    commutes=True,
    domain=(REALS, REALS),
)
fsub = primitive(
    "fsub",
    doc="x - y of floats.",
    result=FLOAT,
    evaluate=lambda x, y: x - y,
    partials=(1.0, -1.0),
    lower="fsub double {0}, {1}",
    domain=(REALS, REALS),
)
fmul = primitive(
    "fmul",
    doc="x * y of floats.",
    result=FLOAT,
    evaluate=lambda x, y: x * y,
    partials=(Y, X),
    lower="fmul double {0}, {1}",
    commutes=True,
    domain=(REALS, REALS),
)
fdiv = primitive(
    "fdiv",
    doc="x / y of floats; inf or nan for y = 0.",
    result=FLOAT,
    evaluate=quotient,
    lower="fdiv double {0}, {1}",
    domain=(REALS, POSITIVE),
)
fneg = primitive(
    "fneg",
    doc="-x of a float.",
    result=FLOAT,
    evaluate=lambda x: -x,
    partials=(-1.0,),
    lower="fneg double {0}",
    domain=(REALS,),
)
fabs = primitive(
    "fabs",
    doc="|x| of a float.",
    result=FLOAT,
    evaluate=math.fabs,
    lower="call double @llvm.fabs.f64(double {0})",
    domain=(POSITIVE,),
)
fsign = primitive(
    "fsign",
    doc="The sign of a float: -1.0, 1.0, or x itself where x is a zero or nan.",
    result=FLOAT,
    evaluate=_sign,
    partials=(0.0,),
    lower="call:tl_sign",
    domain=(POSITIVE,),
)
fcopysign = primitive(
    "fcopysign",
    doc="The magnitude of x with the sign of y.",
    result=FLOAT,
    evaluate=math.copysign,
    lower="call double @llvm.copysign.f64(double {0}, double {1})",
    domain=(POSITIVE, POSITIVE),
)
ffloor = primitive(
    "ffloor",
    doc="The greatest integral float that is not above x.",
    result=FLOAT,
    evaluate=libm("floor"),
    partials=(0.0,),
    lower="call double @llvm.floor.f64(double {0})",
    domain=((0.1, 0.9),),
)
fceil = primitive(
    "fceil",
    doc="The least integral float that is not below x.",
    result=FLOAT,
    evaluate=libm("ceil"),
    partials=(0.0,),
    lower="call double @llvm.ceil.f64(double {0})",
    domain=((0.1, 0.9),),
)
ftrunc = primitive(
    "ftrunc",
    doc="x without its fraction.",
    result=FLOAT,
    evaluate=libm("trunc"),
    partials=(0.0,),
    lower="call double @llvm.trunc.f64(double {0})",
    domain=((0.1, 0.9),),
)
frint = primitive(
    "frint",
    doc="The integral float nearest to x; of two, the even one.",
    result=FLOAT,
    evaluate=libm("rint"),
    partials=(0.0,),
    lower="call double @llvm.rint.f64(double {0})",
    domain=((0.6, 0.9),),
)
ffrac = primitive(
    "ffrac",
    doc="The fraction of x, with the sign of x: `math.modf(x)[0]`.",
    result=FLOAT,
    evaluate=lambda x: math.modf(x)[0],
    partials=(1.0,),
    lower="call:tl_frac",
    domain=((0.1, 0.9),),
)
fmod = primitive(
    "fmod",
    doc="C's fmod: x - trunc(x / y) * y, exactly, with the sign of x.",
    result=FLOAT,
    evaluate=libm("fmod", 2),
    partials=(1.0, fneg(ftrunc(fdiv(X, Y)))),
    lower="libm:fmod",
    domain=((4.1, 4.9), (1.1, 1.3)),
)
fmod_py = primitive(
    "fmod_py",
    doc="Python's x % y of floats, with the sign of y; nan for y = 0.",
    result=FLOAT,
    evaluate=remainder,
    partials=(1.0, fneg(ffloor(fdiv(X, Y)))),
    lower="call:tl_py_mod",
    domain=((-4.9, -4.1), (1.1, 1.3)),
)
ffloordiv = primitive(
    "ffloordiv",
    doc="Python's x // y of floats; nan for y = 0.",
    result=FLOAT,
    evaluate=floor_quotient,
    partials=(0.0, 0.0),
    lower="call:tl_py_floordiv",
    domain=((4.1, 4.9), (1.1, 1.3)),
)
fremainder = primitive(
    "fremainder",
    doc="IEEE 754's remainder: x - n * y, exactly, where n is the integer nearest to x / y; of two, the even one.",
    result=FLOAT,
    evaluate=libm("remainder", 2),
    partials=(1.0, fneg(frint(fdiv(X, Y)))),
    lower="libm:remainder",
    domain=((4.1, 4.4), (1.1, 1.2)),
)

fabs.partials = (fsign(X),)
fcopysign.partials = (fmul(fsign(X), fcopysign(1.0, Y)), 0.0)

fadd.rule("fadd-negative-zero", fadd(X, -0.0), X)
fadd.rule("fadd-zero", fadd(X, 0.0), X, "real")
fadd.rule("fadd-neg", fadd(X, fneg(Y)), fsub(X, Y))
fsub.rule("fsub-zero", fsub(X, 0.0), X)
fsub.rule("fsub-neg", fsub(X, fneg(Y)), fadd(X, Y))
fsub.rule("fsub-from-negative-zero", fsub(-0.0, X), fneg(X))
fsub.rule("fsub-self", fsub(X, X), 0.0, "real")
fmul.rule("fmul-one", fmul(X, 1.0), X)
fmul.rule("fmul-minus-one", fmul(X, -1.0), fneg(X))
fmul.rule("fmul-neg-neg", fmul(fneg(X), fneg(Y)), fmul(X, Y))
fmul.rule("fmul-zero", fmul(X, 0.0), 0.0, "real")
fdiv.rule("fdiv-one", fdiv(X, 1.0), X)
fdiv.rule("fdiv-minus-one", fdiv(X, -1.0), fneg(X))
fdiv.rule("fdiv-neg-neg", fdiv(fneg(X), fneg(Y)), fdiv(X, Y))
fdiv.rule("fdiv-self", fdiv(X, X), 1.0, "real")
fneg.rule("fneg-fneg", fneg(fneg(X)), X)
fneg.rule("fneg-fsub", fneg(fsub(X, Y)), fsub(Y, X), "real")
fabs.rule("fabs-fneg", fabs(fneg(X)), fabs(X))
fabs.rule("fabs-fabs", fabs(fabs(X)), fabs(X))
ffloor.rule("ffloor-ffloor", ffloor(ffloor(X)), ffloor(X))
fceil.rule("fceil-fceil", fceil(fceil(X)), fceil(X))
ftrunc.rule("ftrunc-ftrunc", ftrunc(ftrunc(X)), ftrunc(X))
frint.rule("frint-frint", frint(frint(X)), frint(X))
