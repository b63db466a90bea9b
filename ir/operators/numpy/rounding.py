"""More of NumPy's universal functions: rounding, signs, logic, angles, logarithms of sums, tolerances."""

from __future__ import annotations

import math
from typing import Any

from tapeless.ir.operators.elementwise import by_rule, common_kind, element_kind, mapped, numpy_function, ufunc
from tapeless.ir.operators.numbers import either, known_index
from tapeless.ir.operators.numpy.creation import refuse_arguments
from tapeless.ir.operators.ufuncs import RULES, float_kind, is_kind, refused, rules
from tapeless.ir.primitive import Mismatch, Ops, operator


def _same(ops: Ops, x: Any) -> Any:
    return x


def _sign_int(ops: Ops, x: Any) -> Any:
    zero = ops.lift(0)
    return ops.apply("isub", ops.apply("b2i", ops.apply("ilt", zero, x)), ops.apply("b2i", ops.apply("ilt", x, zero)))


def _times(factor: float) -> Any:
    return lambda ops, x: ops.apply("fmul", x, ops.lift(factor))


def _ignoring_nan(comparison: str) -> Any:
    """The greater (or lesser) of two floats; the other one where one is nan."""

    def run(ops: Ops, x: Any, y: Any) -> Any:
        first, second = (y, x) if comparison == "ge" else (x, y)
        wins = either(ops, ops.apply("fle", first, second), ops.apply("isnan", y))
        return ops.apply("select", wins, x, y)

    return run


def _heaviside(ops: Ops, x: Any, at_zero: Any) -> Any:
    zero = ops.lift(0.0)
    step = ops.apply("select", ops.apply("flt", x, zero), zero, ops.lift(1.0))
    step = ops.apply("select", ops.apply("feq", x, zero), at_zero, step)
    return ops.apply("select", ops.apply("isnan", x), x, step)


def _log_of_sum(exp: str, log1p: Any) -> Any:
    """log(b**x + b**y), computed so that neither power overflows."""

    def run(ops: Ops, x: Any, y: Any) -> Any:
        larger = ops.apply("select", ops.apply("fle", y, x), x, y)
        smaller = ops.apply("select", ops.apply("fle", y, x), y, x)
        same = ops.apply("feq", x, y)  # also of two infinities
        less = ops.apply("select", same, ops.lift(0.0), ops.apply("fsub", smaller, larger))
        return ops.apply("fadd", larger, log1p(ops, ops.apply(exp, less)))

    return run


def _log1p_of_two(ops: Ops, x: Any) -> Any:
    return ops.apply("fmul", ops.apply("log1p", x), ops.lift(1 / math.log(2)))


def _sinc(ops: Ops, x: Any) -> Any:
    zero = ops.apply("feq", x, ops.lift(0.0))
    angle = ops.apply("fmul", ops.lift(math.pi), ops.apply("select", zero, ops.lift(1e-20), x))
    return ops.apply("fdiv", ops.apply("sin", angle), angle)


def _fmod_int(ops: Ops, x: Any, y: Any) -> Any:
    """The remainder with the sign of x; 0 for y = 0."""
    zero = ops.lift(0)
    safe = ops.apply("select", ops.apply("ieq", y, zero), ops.lift(1), y)
    rest = ops.apply("imod", ops.apply("iabs", x), ops.apply("iabs", safe))
    return ops.apply("select", ops.apply("ilt", x, zero), ops.apply("ineg", rest), rest)


LARGEST = {"np.f64": (2 - 2**-52) * 2.0**1023, "np.f32": (2 - 2**-23) * 2.0**127}


def _finite(kind: str) -> Any:
    def run(ops: Ops, x: Any) -> Any:
        large = ops.lift(LARGEST[kind])
        out = ops.apply("select", ops.apply("feq", x, ops.lift(math.inf)), large, x)
        out = ops.apply("select", ops.apply("feq", x, ops.lift(-math.inf)), ops.apply("fneg", large), out)
        return ops.apply("select", ops.apply("isnan", x), ops.lift(0.0), out)

    return run


RULES["sign"] = rules("fsign", _sign_int, refused("ufunc 'sign' has no loop for np.bool"))
for _name, _primitive in (("floor", "ffloor"), ("ceil", "fceil"), ("trunc", "ftrunc")):
    RULES[_name] = rules(_primitive, _same, _same)
RULES["rint"] = rules("frint")
RULES["heaviside"] = rules(_heaviside)
RULES["copysign"] = rules("fcopysign")
RULES["fmax"] = rules(_ignoring_nan("ge"), RULES["maximum"]["int"][0], "or_")
RULES["fmin"] = rules(_ignoring_nan("le"), RULES["minimum"]["int"][0], "and_")
RULES["deg2rad"] = rules(_times(math.pi / 180))
RULES["rad2deg"] = rules(_times(180 / math.pi))
RULES["fmod"] = rules("fmod", _fmod_int)
RULES["logaddexp"] = rules(_log_of_sum("exp", lambda ops, x: ops.apply("log1p", x)))
RULES["logaddexp2"] = rules(_log_of_sum("exp2", _log1p_of_two))
ONE = {
    "sign": "sign", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "deg2rad": "deg2rad",
    "radians": "deg2rad", "rad2deg": "rad2deg", "degrees": "rad2deg",
}  # fmt: skip
for _name, _key in ONE.items():
    by_rule(_name, _key, 1)
for _name in ("heaviside", "copysign", "fmax", "fmin", "fmod", "logaddexp", "logaddexp2"):
    by_rule(_name, _name, 2)


def _logical(name: str, combine: str) -> None:
    def compute(ops: Ops, *xs: Any) -> Any:
        return ops.apply(combine, *(ops.operate("truth", x) for x in xs))

    def of_two(ops: Ops, x: Any, y: Any) -> Any:
        return mapped(ops, [common_kind(ops, v) for v in (x, y)], "np.bool", compute, x, y)

    of_two.__doc__ = f"np.{name}(x, y)."
    operator(f"np.{name}", numpy_function(name))(of_two)


for _name, _combine in (("and", "and_"), ("or", "or_"), ("xor", "xor_")):
    _logical(f"logical_{_name}", _combine)


@operator("np.logical_not", numpy_function("logical_not"))
def logical_not(ops: Ops, x: Any) -> Any:
    """np.logical_not(x)."""
    return mapped(ops, [common_kind(ops, x)], "np.bool", lambda ops, v: ops.operate("not", v), x)


@operator("np.sinc", numpy_function("sinc"), keywords=("x",))
def sinc(ops: Ops, x: Any) -> Any:
    """np.sinc(x): sin(pi x) / (pi x), and 1 at 0."""
    kind = element_kind(ops, x)
    kind = kind if is_kind(kind, "float") else "np.f64"
    return mapped(ops, [kind], kind, _sinc, x)


@operator("np.nan_to_num", numpy_function("nan_to_num"), keywords=("x",))
def nan_to_num(ops: Ops, x: Any) -> Any:
    """np.nan_to_num(x): nan as 0, infinities as the largest floats."""
    kind = common_kind(ops, x)
    return mapped(ops, [kind], kind, _finite(kind) if is_kind(kind, "float") else _same, x)


@operator("np.float_power", numpy_function("float_power"))
def float_power(ops: Ops, x: Any, y: Any) -> Any:
    """np.float_power(x, y): in double precision."""
    return mapped(ops, ["np.f64"] * 2, "np.f64", lambda ops, x, y: ops.apply("fpow", x, y), x, y)


@operator("np.divmod", numpy_function("divmod"))
def np_divmod(ops: Ops, x: Any, y: Any) -> Any:
    """np.divmod(x, y): quotients and remainders."""
    return ops.tuple([ufunc(ops, "floordiv", x, y), ufunc(ops, "mod", x, y)])


def _round(ops: Ops, a: Any, decimals: Any = None, out: Any = None) -> Any:
    """np.round(a, decimals=0): half to even; of ints, for decimals that are not negative."""
    refuse_arguments(ops, "round", out=out)
    digits = 0 if decimals is None else known_index(ops, decimals, "the number of decimals")
    kind = common_kind(ops, a)
    if not is_kind(kind, "float"):
        if digits < 0:
            raise Mismatch("rounding ints to tens is not supported")
        if is_kind(kind, "int"):
            return mapped(ops, [kind], kind, _same, a)
        float_kind(kind)
    if digits == 0:
        return ufunc(ops, "rint", a)
    if abs(digits) > 22:
        raise Mismatch("rounding to more than 22 decimals is not supported")
    scale = 10.0 ** abs(digits)
    up, down = ("mul", "div") if digits > 0 else ("div", "mul")
    return ufunc(ops, down, ufunc(ops, "rint", ufunc(ops, up, a, ops.lift(scale))), ops.lift(scale))


for _name in ("round", "around"):
    operator(f"np.{_name}", numpy_function(_name), keywords=("a", "decimals", "out"))(_round)


# -- comparisons ------------------------------------------------------------------------------------------------------
def _close(ops: Ops, a: Any, b: Any, rtol: Any, atol: Any, equal_nan: Any) -> Any:
    r = ops.lift(1e-5) if rtol is None else rtol
    t = ops.lift(1e-8) if atol is None else atol
    nans = equal_nan is not None and bool(ops.need_constant(equal_nan, "`equal_nan`"))

    def compute(ops: Ops, x: Any, y: Any, r: Any, t: Any) -> Any:
        bound = ops.apply("fadd", t, ops.apply("fmul", r, ops.apply("fabs", y)))
        near = ops.apply("fle", ops.apply("fabs", ops.apply("fsub", x, y)), bound)
        out = either(ops, ops.apply("and_", near, ops.apply("isfinite", y)), ops.apply("feq", x, y))
        both = ops.apply("and_", ops.apply("isnan", x), ops.apply("isnan", y))
        return either(ops, out, both) if nans else out

    return mapped(ops, ["np.f64"] * 4, "np.bool", compute, a, b, r, t)


@operator("np.isclose", numpy_function("isclose"), keywords=("a", "b", "rtol", "atol", "equal_nan"))
def isclose(ops: Ops, a: Any, b: Any, rtol: Any = None, atol: Any = None, equal_nan: Any = None) -> Any:
    """np.isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False)."""
    return _close(ops, a, b, rtol, atol, equal_nan)


@operator("np.allclose", numpy_function("allclose"), keywords=("a", "b", "rtol", "atol", "equal_nan"))
def allclose(ops: Ops, a: Any, b: Any, rtol: Any = None, atol: Any = None, equal_nan: Any = None) -> Any:
    """np.allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False): a bool of Python."""
    return ops.operate("bool", ops.operate("np.all", _close(ops, a, b, rtol, atol, equal_nan)))
