"""Python's built-in functions on numbers and tuples, and `functools.reduce`."""

from __future__ import annotations

import functools
from typing import Any

from tapeless.ir.abstract import SCALARS
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.arithmetic import floor_quotient, power
from tapeless.ir.operators.comparison import truth_of
from tapeless.ir.operators.elementwise import is_numpy, ufunc
from tapeless.ir.operators.iteration import iterate, known_items, length
from tapeless.ir.operators.numbers import (
    TOO_LARGE,
    checked,
    either,
    fold,
    is_number,
    is_whole,
    known_index,
    refuse,
    to_float,
    to_int,
    unsupported,
)
from tapeless.ir.operators.ufuncs import machine
from tapeless.ir.primitive import UNKNOWN, Mismatch, Operator, Ops, operator


@operator("abs", abs)
def abs_(ops: Ops, x: Any) -> Any:
    """abs(x) of a number."""
    if is_numpy(ops, x):
        return ufunc(ops, "abs", x)
    if ops.kind(x) == "float":
        return ops.apply("fabs", x)
    if not is_number(ops, x):
        raise unsupported(ops, "abs()", x)
    n = to_int(ops, x)
    ops.check(ops.apply("ine", n, ops.lift(-(2**63))), "OverflowError", TOO_LARGE)
    return ops.apply("iabs", n)


def float_to_int(ops: Ops, x: Any) -> Any:
    """An integral (or truncated) float as an int, with CPython's errors."""
    refuse(ops, ops.apply("isnan", x), "ValueError", "cannot convert float NaN to integer")
    refuse(ops, ops.apply("isinf", x), "OverflowError", "cannot convert float infinity to integer")
    ops.check(ops.apply("f2i_ok", x), "OverflowError", TOO_LARGE)
    return ops.apply("f2i", x)


@operator("int", int)
def int_(ops: Ops, x: Any = None) -> Any:
    """int(x) of a number (truncated) or of a constant string."""
    if x is None:
        return ops.lift(0)
    x = machine(ops, x)
    if is_whole(ops, x):
        return to_int(ops, x)
    match ops.kind(x):
        case "float":
            return float_to_int(ops, x)
        case "str":
            return _parsed(ops, int, ops.constant(x))
    name = ops.describe(x)
    raise Mismatch(f"int() argument must be a string, a bytes-like object or a real number, not '{name}'")


@operator("float", float)
def float_(ops: Ops, x: Any = None) -> Any:
    """float(x) of a number or of a constant string."""
    if x is None:
        return ops.lift(0.0)
    x = machine(ops, x)
    if is_number(ops, x):
        return to_float(ops, x)
    if ops.kind(x) == "str":
        return _parsed(ops, float, ops.constant(x))
    raise Mismatch(f"float() argument must be a string or a real number, not '{ops.describe(x)}'")


def _parsed(ops: Ops, parse: Any, text: str) -> Any:
    try:
        value = parse(text)
    except ValueError as error:
        return ops.raise_("ValueError", str(error))
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return ops.raise_("OverflowError", TOO_LARGE)
    return ops.lift(value)


@operator("bool", bool)
def bool_(ops: Ops, x: Any = None) -> Any:
    """bool(x): whether x counts as true."""
    return ops.lift(False) if x is None else truth_of(ops, x)


@operator("round", round, keywords=("number", "ndigits"))
def round_(ops: Ops, number: Any, ndigits: Any = None) -> Any:
    """round(number) to an int, half to even; round(number, ndigits) for constant ndigits, not negative for a float."""
    whole = ndigits is None or ops.kind(ndigits) == "none"
    element = ELEMENTS.get(ops.kind(number))
    if element is not None and element.machine != "bool":
        if not whole:
            return ops.operate("np.round", number, ndigits)
        number = ops.operate(element.machine, number)
    if not is_number(ops, number):
        raise Mismatch(f"type {ops.describe(number)} doesn't define __round__ method")
    digits = None if whole else known_index(ops, ndigits, "the number of digits to round to")
    if ops.kind(number) == "float":
        if digits is not None and digits < 0:
            raise Mismatch("rounding a float to tens is not supported: round(x / 100.0) * 100.0 rounds too")
        if digits is not None:
            return ops.apply("fround_digits", number, ops.lift(digits))
        return float_to_int(ops, ops.apply("frint", number))
    n = to_int(ops, number)
    return n if digits is None or digits >= 0 else _round_int(ops, n, -digits)


def _round_int(ops: Ops, n: Any, digits: int) -> Any:
    """n to a multiple of 10**digits, half to even."""
    if digits > 19:
        return ops.lift(0)
    unit = 10**digits
    if digits == 19:
        ops.check(ops.apply("ile", ops.lift(-unit // 2), n), "OverflowError", TOO_LARGE)
        ops.check(ops.apply("ile", n, ops.lift(unit // 2)), "OverflowError", TOO_LARGE)
        return ops.lift(0)
    quotient = ops.apply("ifloordiv", n, ops.lift(unit))
    rest = ops.apply("imod", n, ops.lift(unit))
    odd = ops.apply("ine", ops.apply("iand", quotient, ops.lift(1)), ops.lift(0))
    tie = ops.apply("and_", odd, ops.apply("ieq", rest, ops.lift(unit // 2)))
    up = either(ops, ops.apply("ilt", ops.lift(unit // 2), rest), tie)
    above = ops.apply("isub", ops.lift(unit), rest)
    return checked(ops, "iadd", n, ops.apply("select", up, above, ops.apply("ineg", rest)))


@operator("divmod", divmod, meets=True)
def divmod_(ops: Ops, a: Any, b: Any) -> Any:
    """divmod(a, b): the tuple (a // b, a % b)."""
    if is_numpy(ops, a, b):
        return ops.operate("np.divmod", a, b)
    if not is_number(ops, a, b):
        raise unsupported(ops, "divmod()", a, b)
    if is_whole(ops, a, b):
        x, y = to_int(ops, a), to_int(ops, b)
        ops.check(ops.apply("ine", y, ops.lift(0)), "ZeroDivisionError", "integer division or modulo by zero")
        return ops.tuple([floor_quotient(ops, x, y), ops.apply("imod", x, y)])
    x, y = to_float(ops, a), to_float(ops, b)
    ops.check(ops.apply("fne", y, ops.lift(0.0)), "ZeroDivisionError", "float divmod()")
    return ops.tuple([ops.apply("ffloordiv", x, y), ops.apply("fmod_py", x, y)])


@operator("builtin_pow", pow, keywords=("base", "exp"))
def pow_(ops: Ops, base: Any, exp: Any, modulus: Any = None) -> Any:
    """pow(base, exp): as base ** exp."""
    if modulus is not None and ops.kind(modulus) != "none":
        raise Mismatch("pow() with three arguments is not supported")
    return power(ops, base, exp)


def _extreme(ops: Ops, name: str, comparison: str, xs: tuple[Any, ...]) -> Any:
    """CPython's max or min: a later item wins if it compares so to the best one before."""
    if not xs:
        raise Mismatch(f"{name} expected at least 1 argument, got 0")
    items = known_items(ops, xs[0]) if len(xs) == 1 else list(xs)
    if not items:
        return ops.raise_("ValueError", f"{name}() arg is an empty sequence")
    best = items[0]
    for x in items[1:]:
        best = _better(ops, comparison, x, best)
    return best


def _better(ops: Ops, comparison: str, x: Any, best: Any) -> Any:
    wins = ops.operate("truth", ops.operate(comparison, x, best))
    if ops.kind(x) == ops.kind(best) and ops.kind(x) in SCALARS:
        return ops.apply("select", wins, x, best)
    return ops.branch(wins, lambda: x, lambda: best)


@operator("max", max)
def max_(ops: Ops, *xs: Any) -> Any:
    """The greatest argument, or the greatest item of the only one; the first of equals."""
    return _extreme(ops, "max", "gt", xs)


@operator("min", min)
def min_(ops: Ops, *xs: Any) -> Any:
    """The least argument, or the least item of the only one; the first of equals."""
    return _extreme(ops, "min", "lt", xs)


@operator("sum", sum, keywords=("iterable", "start"))
def sum_(ops: Ops, iterable: Any, start: Any = None) -> Any:
    """sum(iterable, start=0), added from the left."""
    if start is not None and ops.kind(start) == "str":
        raise Mismatch("sum() can't sum strings [use ''.join(seq) instead]")
    return fold(ops, "add", [ops.lift(0) if start is None else start, *known_items(ops, iterable)])


def _quantify(ops: Ops, iterable: Any, stop: bool) -> Any:
    items = known_items(ops, iterable)

    def from_item(i: int) -> Any:
        if i == len(items):
            return ops.lift(not stop)
        found, rest = (lambda: ops.lift(stop)), (lambda: from_item(i + 1))
        truth = ops.operate("truth", items[i])
        return ops.branch(truth, found, rest) if stop else ops.branch(truth, rest, found)

    return from_item(0)


@operator("any", any)
def any_(ops: Ops, iterable: Any) -> Any:
    """Whether some item counts as true."""
    return _quantify(ops, iterable, True)


@operator("all", all)
def all_(ops: Ops, iterable: Any) -> Any:
    """Whether all items count as true."""
    return _quantify(ops, iterable, False)


@operator("len", len)
def len_(ops: Ops, x: Any) -> Any:
    """len(x) of an array, tuple, range or string."""
    match ops.kind(x):
        case "tuple" | "list" | "array":
            return length(ops, x)
        case "record" if ops.tag(x) == "range":
            return length(ops, x)
        case "str":
            return ops.lift(len(ops.constant(x)))
    raise Mismatch(f"object of type '{ops.describe(x)}' has no len()")


@operator("isinstance", isinstance)
def isinstance_(ops: Ops, x: Any, classes: Any) -> Any:
    """isinstance(x, classes): numbers, tuple, list, range, arrays and scalars of NumPy, or a tuple of these."""
    wanted = ops.items(classes) if ops.kind(classes) == "tuple" else [classes]
    return ops.lift(any([_is_a(ops, x, ops.constant(c)) for c in wanted]))


def _is_a(ops: Ops, x: Any, cls: Any) -> bool:
    kinds = CLASSES.get(cls.name) if isinstance(cls, Operator) else None
    if kinds is None:
        raise Mismatch("isinstance() is supported for classes of Python's numbers, of sequences and of NumPy only")
    return (ops.tag(x) if ops.kind(x) == "record" else ops.kind(x)) in kinds


CLASSES = {name: (name,) for name in ("bool", "tuple", "range", "list")} | {
    "int": ("int", "bool"),
    "float": ("float", "np.f64"),
    "np.ndarray": ("array",),
    "np.generic": tuple(ELEMENTS),
    "np.number": tuple(e.kind for e in ELEMENTS.values() if e.machine != "bool"),
    "np.integer": tuple(e.kind for e in ELEMENTS.values() if e.machine == "int"),
    "np.floating": tuple(e.kind for e in ELEMENTS.values() if e.machine == "float"),
    **{f"np.{e.name.strip('_')}": (e.kind,) for e in ELEMENTS.values()},
}
"""The kinds of values that are instances of a class."""


def _abstract(name: str) -> None:
    def expand(ops: Ops, *_: Any) -> Any:
        raise Mismatch(f"cannot create '{name}' instances here: it is for isinstance()")

    expand.__doc__ = f"np.{name}, for isinstance()."
    operator(f"np.{name}", lambda *_: None)(expand)


for _name in ("ndarray", "generic", "number", "integer", "floating"):
    _abstract(_name)


@operator("callable", callable)
def callable_(ops: Ops, x: Any) -> Any:
    """Whether x is a function."""
    return ops.lift(ops.kind(x) == "function")


@operator("tuple", tuple)
def tuple_(ops: Ops, iterable: Any = None) -> Any:
    """tuple(iterable), of a length that is known while compiling."""
    return ops.tuple([] if iterable is None else known_items(ops, iterable))


@operator("list", list)
def list_(ops: Ops, iterable: Any = None) -> Any:
    """list(iterable): of a list, or of a length that is known while compiling."""
    if iterable is None:
        return ops.list_of([])
    if ops.kind(iterable) == "list" and not ops.known_list(iterable):
        return ops.list_apply("part", iterable, ops.lift(0), ops.lift(1), length(ops, iterable))
    return ops.list_of(known_items(ops, iterable))


@operator("is_open", lambda x: False)
def is_open(ops: Ops, x: Any) -> Any:
    """Whether the length of an iterable is known at run time only."""
    iterate(ops, x)
    if ops.kind(x) == "list" and ops.known_list(x):
        return ops.lift(False)
    return ops.lift(ops.constant(length(ops, x)) is UNKNOWN)


@operator("functools.reduce", functools.reduce)
def reduce_(ops: Ops, function: Any, iterable: Any, initial: Any = None) -> Any:
    """functools.reduce(function, iterable, initial)."""
    items = known_items(ops, iterable)
    if initial is not None:
        items = [initial, *items]
    if not items:
        return ops.raise_("TypeError", "reduce() of empty iterable with no initial value")
    out = items[0]
    for x in items[1:]:
        out = ops.call(function, out, x)
    return out


def _printable(ops: Ops, x: Any) -> bool:
    match ops.kind(x):
        case "tuple":
            return all([_printable(ops, i) for i in ops.items(x)])
        case "list":
            return not ops.known_list(x) or all([_printable(ops, i) for i in ops.items(x)])
        case "none" | "str":
            return True
    return ops.kind(x) in SCALARS


@operator("print", print, keywords=("sep", "end"))
def print_(ops: Ops, *values: Any, sep: Any = None, end: Any = None) -> Any:
    """print(values..., sep=' ', end='\\n') of numbers, None, strings and tuples of them."""
    texts = []
    for name, given, default in (("sep", sep, " "), ("end", end, "\n")):
        if given is None or ops.kind(given) == "none":
            texts.append(ops.lift(default))
        elif ops.kind(given) == "str":
            texts.append(given)
        else:
            raise Mismatch(f"{name} must be None or a string, not {ops.describe(given)}")
    for x in values:
        if not _printable(ops, x):
            raise Mismatch(f"printing an object of type '{ops.describe(x)}' is not supported")
    return ops.apply("print", *texts, *values)
