"""NumPy's universal functions, on scalars and element by element on arrays, and `where` and `clip`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapeless.ir.abstract import SCALARS
from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.operators.arrays import sizes
from tapeless.ir.operators.numbers import either
from tapeless.ir.operators.ufuncs import (
    RULES,
    as_kind,
    cast,
    float_kind,
    is_kind,
    machine,
    made,
    rule,
    rules,
)
from tapeless.ir.primitive import Mismatch, Ops, operator
from tapeless.ir.primitives.structure import DETAILS


def is_numpy(ops: Ops, *xs: Any) -> bool:
    """Whether NumPy's rules hold: all are scalars or arrays, and one is NumPy's."""
    kinds = [ops.kind(x) for x in xs]
    numpy = [k == "array" or k in ELEMENTS for k in kinds]
    return any(numpy) and all(n or k in WEAK for n, k in zip(numpy, kinds))


def refuse_sequences(ops: Ops, symbol: str, *xs: Any) -> None:
    """Refuse what NumPy compares item by item, having made arrays of it."""
    kinds = {ops.kind(x) for x in xs}
    if "array" in kinds or ("tuple" in kinds and not kinds.isdisjoint(ELEMENTS)):
        described = " and ".join(f"'{ops.describe(x)}'" for x in xs)
        raise Mismatch(f"`{symbol}` of {described} is not supported: NumPy compares item by item")


def element_kind(ops: Ops, x: Any) -> str:
    """The kind of a scalar or of the elements of an array."""
    return ops.array_type(x).element.kind if ops.kind(x) == "array" else ops.kind(x)


def common_kind(ops: Ops, *xs: Any) -> str:
    """The kind that scalars and arrays meet in."""
    kinds = [element_kind(ops, x) for x in xs]
    for k in kinds:
        if k not in SCALARS:
            raise Mismatch(f"an argument of type {k} is not supported")
    return promoted(*kinds)


def shown(rank: int) -> str:
    """The shape of an array in a message, which sizes go into."""
    return "({},)" if rank == 1 else f"({','.join(['{}'] * rank)})"


def check_shapes(ops: Ops, arrays: list[Any], operands: Sequence[Any] = ()) -> None:
    """Raise ValueError unless arrays can be broadcast together; the message tells the shapes of all `operands`."""
    shapes = [sizes(ops, a) for a in arrays]
    rest = iter(shapes)
    told = [next(rest) if ops.kind(x) == "array" else [] for x in operands or arrays]
    message, values = "operands could not be broadcast together", [n for shape in told for n in shape]
    if len(values) <= DETAILS:
        message += f" with shapes {' '.join(shown(len(shape)) for shape in told)} "
    else:
        values = []
    dims = [ops.array_type(a).dims for a in arrays]
    for d in range(1, max(map(len, dims)) + 1):
        found = [(s[-d], n[-d]) for s, n in zip(shapes, dims) if len(n) >= d and n[-d] != "1"]
        for i, (n, sort) in enumerate(found):
            for m, other in found[:i]:
                fits = [ops.apply("ieq", n, m)]
                fits += [ops.apply("ieq", size, ops.lift(1)) for size, s in ((n, sort), (m, other)) if s == "?"]
                ops.check(either(ops, *fits), "ValueError", message, *values)


def mapped(ops: Ops, kinds: list[str], result: str, compute: Callable[..., Any], *xs: Any) -> Any:
    """A function of machine values on scalars and arrays, each as its kind; the result is of a kind of NumPy's."""
    xs = tuple(ops.apply("element", x) if ops.kind(x) == "array" and not ops.array_type(x).dims else x for x in xs)
    arrays = [x for x in xs if ops.kind(x) == "array"]
    if not arrays:
        return made(ops, result, compute(ops, *(as_kind(ops, x, k) for x, k in zip(xs, kinds))))
    check_shapes(ops, arrays, xs)
    given = [None if ops.kind(x) == "array" else as_kind(ops, x, k) for x, k in zip(xs, kinds)]

    def body(*elements: Any) -> list[Any]:
        rest = iter(elements)
        values = [as_kind(ops, next(rest), k) if v is None else v for v, k in zip(given, kinds)]
        return [made(ops, result, compute(ops, *values))]

    return ops.nest(["each"], body, arrays)[0]


def ufunc(ops: Ops, name: str, *xs: Any) -> Any:
    """A universal function of scalars and arrays, by its rule."""
    met = common_kind(ops, *xs)
    if name in COMPARISONS and is_kind(met, "int"):
        met = "np.i64"  # of all ints, also those of Python that are beyond the range of the other one
    if set(RULES[name]) == {"float"} and name != "div" and not is_kind(met, "float"):
        met = float_kind(met, *(element_kind(ops, x) for x in xs))
    kind, compute, result = rule(name, met)
    return mapped(ops, [kind] * len(xs), result, compute, *xs)


COMPARISONS = ("eq", "ne", "lt", "le")
POWERS = {2: "square", 1: "pos", 0.5: "sqrt", -1: "reciprocal"}
"""Exponents that NumPy has functions of their own for."""


def numpy_power(ops: Ops, x: Any, y: Any) -> Any:
    """x ** y; NumPy computes some powers otherwise where the exponent is a Python number."""
    exponent = ops.constant(y) if ops.kind(y) in ("int", "float") and ops.kind(x) == "array" else None
    special = POWERS.get(exponent) if isinstance(exponent, (int, float)) else None
    if special == "square" and element_kind(ops, x) == "np.bool":
        return ufunc(ops, special, x)
    if special in ("square", "pos") and element_kind(ops, x) != "np.bool":
        return ufunc(ops, special, converted(ops, x, common_kind(ops, x, y)))
    if special is not None and is_kind(element_kind(ops, x), "float"):
        return ufunc(ops, special, x) if special == "reciprocal" else ops.operate("np.sqrt", x)
    return ufunc_power(ops, x, y)


def ufunc_power(ops: Ops, x: Any, y: Any) -> Any:
    """np.power(x, y): ints have no negative powers."""
    kind = element_kind(ops, y)
    if is_kind(common_kind(ops, x, y), "int") and is_kind(WEAK.get(kind, kind), "int"):
        least = y
        if ops.kind(y) == "array":
            least = ops.nest(["min:" + "1" * ops.array_type(y).rank], lambda n: [n], [y])[0]
        fine = ops.apply("ile", ops.lift(0), machine(ops, least))
        ops.check(fine, "ValueError", "Integers to negative integer powers are not allowed.")
    return ufunc(ops, "pow", x, y)


def numpy_function(path: str) -> Callable[..., Any]:
    """What a function of NumPy does, without importing NumPy before it is called."""

    def run(*args: Any, **keywords: Any) -> Any:
        import numpy

        found: Any = numpy
        for name in path.split("."):
            found = getattr(found, name)
        return found(*args, **keywords)

    return run


# -- functions of one float -------------------------------------------------------------------------------------------
FLOAT_FUNCTIONS = {
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "exp": "exp",
    "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p", "sqrt": "sqrt",
    "cbrt": "cbrt", "fabs": "fabs",
}  # fmt: skip
TESTS = ("isnan", "isinf", "isfinite")


def _float_function(name: str, primitive: str, result: str = "") -> None:
    def compute(ops: Ops, x: Any) -> Any:
        return ops.apply(primitive, x)

    def expand(ops: Ops, x: Any) -> Any:
        own = common_kind(ops, x)
        kind = float_kind(own) if not result else own if is_kind(own, "float") else "np.f64"
        return mapped(ops, [kind], result or kind, compute, x)

    expand.__doc__ = f"np.{name}(x)."
    operator(f"np.{name}", numpy_function(name))(expand)


for _name, _primitive in FLOAT_FUNCTIONS.items():
    _float_function(_name, _primitive)
for _name in TESTS:
    _float_function(_name, _name, "np.bool")


# -- by rules ---------------------------------------------------------------------------------------------------------
def _maximum(comparison: str) -> Callable[..., Any]:
    """The greater (or lesser) of two floats; nan if one is."""

    def run(ops: Ops, x: Any, y: Any) -> Any:
        first, second = (y, x) if comparison == "ge" else (x, y)
        wins = ops.apply("or_", ops.apply("fle", first, second), ops.apply("isnan", x))
        return ops.apply("select", wins, x, y)

    return run


def _maximum_int(comparison: str) -> Callable[..., Any]:
    def run(ops: Ops, x: Any, y: Any) -> Any:
        first, second = (y, x) if comparison == "ge" else (x, y)
        return ops.apply("select", ops.apply("ile", first, second), x, y)

    return run


def _square(ops: Ops, x: Any) -> Any:
    return ops.apply("fmul", x, x)


def _reciprocal_int(ops: Ops, x: Any) -> Any:
    """1 / x without the part behind the point; the least int for 0, as the machine divides."""
    unit = ops.apply("ieq", ops.apply("iabs", x), ops.lift(1))
    other = ops.apply("select", ops.apply("ieq", x, ops.lift(0)), ops.lift(-(2**63)), ops.lift(0))
    return ops.apply("select", unit, x, other)


RULES["maximum"] = rules(_maximum("ge"), _maximum_int("ge"), "or_")
RULES["minimum"] = rules(_maximum("le"), _maximum_int("le"), "and_")
RULES["square"] = rules(_square, lambda ops, x: ops.apply("imul", x, x))
RULES["reciprocal"] = rules(lambda ops, x: ops.apply("fdiv", ops.lift(1.0), x), _reciprocal_int)
RULES["arctan2"] = rules("atan2")
RULES["hypot"] = rules("hypot")
ONE = {
    "negative": "neg", "positive": "pos", "absolute": "abs", "abs": "abs", "invert": "invert", "square": "square",
    "reciprocal": "reciprocal",
}  # fmt: skip
TWO = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div",
    "floor_divide": "floordiv", "remainder": "mod", "mod": "mod", "bitwise_and": "bitand", "bitwise_or": "bitor",
    "bitwise_xor": "bitxor", "left_shift": "lshift", "right_shift": "rshift", "equal": "eq", "not_equal": "ne",
    "less": "lt", "less_equal": "le", "maximum": "maximum", "minimum": "minimum", "arctan2": "arctan2",
    "hypot": "hypot",
}  # fmt: skip


def by_rule(name: str, key: str, arguments: int) -> None:
    """Register a universal function of one or two arguments."""

    def of_one(ops: Ops, x: Any) -> Any:
        return ufunc(ops, key, x)

    def of_two(ops: Ops, x: Any, y: Any) -> Any:
        return ufunc(ops, key, x, y)

    expand = of_one if arguments == 1 else of_two
    expand.__doc__ = f"np.{name}({'x' if arguments == 1 else 'x, y'})."
    operator(f"np.{name}", numpy_function(name))(expand)


for _names, _count in ((ONE, 1), (TWO, 2)):
    for _name, _key in _names.items():
        by_rule(_name, _key, _count)


@operator("np.power", numpy_function("power"))
def np_power(ops: Ops, x: Any, y: Any) -> Any:
    """np.power(x, y)."""
    return ufunc_power(ops, x, y)


@operator("np.greater", numpy_function("greater"))
def greater(ops: Ops, x: Any, y: Any) -> Any:
    """np.greater(x, y)."""
    return ufunc(ops, "lt", y, x)


@operator("np.greater_equal", numpy_function("greater_equal"))
def greater_equal(ops: Ops, x: Any, y: Any) -> Any:
    """np.greater_equal(x, y)."""
    return ufunc(ops, "le", y, x)


@operator("np.where", numpy_function("where"))
def where(ops: Ops, condition: Any, x: Any = None, y: Any = None) -> Any:
    """np.where(condition, x, y), and np.where(condition), which is np.nonzero."""
    if x is None:
        return ops.operate("np.nonzero", condition)
    if y is None:
        return ops.raise_("ValueError", "either both or neither of x and y should be given")
    kind = common_kind(ops, x, y)

    def compute(ops: Ops, c: Any, x: Any, y: Any) -> Any:
        return ops.apply("select", ops.operate("truth", c), x, y)

    own = element_kind(ops, condition)
    return mapped(ops, [WEAK.get(own, own), kind, kind], kind, compute, condition, x, y)


@operator("np.clip", numpy_function("clip"), keywords=("a", "a_min", "a_max", "out", "min", "max"))
def clip(
    ops: Ops, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, min: Any = None, max: Any = None
) -> Any:
    """np.clip(a, a_min, a_max), np.clip(a, min=None, max=None) and a.clip(min=None, max=None)."""
    if out is not None and ops.kind(out) != "none":
        raise Mismatch("the argument `out` of clip is not supported")
    result = a
    for name, given in (("maximum", (a_min, min)), ("minimum", (a_max, max))):
        bounds = [x for x in given if x is not None and ops.kind(x) != "none"]
        if len(bounds) > 1:
            return ops.raise_(
                "ValueError", "Passing `min` or `max` keyword argument beside `a_min` or `a_max` is forbidden"
            )
        result = ufunc(ops, name, result, *bounds) if bounds else result
    return ops.operate("np.copy", a) if result is a else result


def converted(ops: Ops, x: Any, kind: str) -> Any:
    """A scalar or array with its elements as another kind, no lower than their own."""
    return mapped(ops, [kind], kind, lambda ops, v: v, x)


def casted(ops: Ops, x: Any, kind: str) -> Any:
    """A scalar or array with its elements as any other kind."""
    own = element_kind(ops, x)
    if own not in SCALARS:
        raise Mismatch(f"an argument of type {own} is not supported")
    if ops.kind(x) != "array":
        return made(ops, kind, cast(ops, x, kind))
    return ops.nest(["each"], lambda v: [made(ops, kind, cast(ops, v, kind))], [x])[0]
