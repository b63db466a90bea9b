"""Every operator's `expand` against CPython: the same value to the bit, type, and exception with its message."""

from __future__ import annotations

import inspect
import itertools
import math
import struct
from typing import Any

import pytest
from tapeless.ir import operators, primitives
from tapeless.ir.operators import numpy as library
from tapeless.ir.primitive import OPERATORS, Mismatch, Operator

from tests.ir.concrete import ConcreteOps, Record, unwrapped, wrapped

assert operators and primitives and library
NUMBERS: list[Any] = [0, 1, -1, 2, -2, 3, 7, -7, 20, 62, 63, 64, 2**53 - 1, 2**53, 2**53 + 1, 2**62, -(2**62)]
NUMBERS += [2**63 - 1, -(2**63), 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 2.5, -1.5, 1e308, 5e-324, -3.0, 2.0**53]
NUMBERS += [2.0**63, -(2.0**63), math.inf, -math.inf, math.nan, 709.9, 171.7, True, False]
OTHERS: list[Any] = [None, (), (1, 2.5), "text"]
VALUES = NUMBERS + OTHERS
# operators without a meaning in CPython, or of which values of the library are the point: tested one by one below
APART = {
    "print",
    "iter",
    "iter_len",
    "iter_get",
    "range",
    "enumerate",
    "zip",
    "reversed",
    "isinstance",
    "functools.reduce",
}
APART |= {"is", "is_not", "slice", "getitem", "callable", "index_next"}
# within some units in the last place of CPython's own code
CLOSE = {"math.gamma", "math.lgamma"}


def bits(x: Any) -> Any:
    if isinstance(x, float):
        return "nan" if math.isnan(x) else struct.pack("<d", x).hex()
    if isinstance(x, tuple):
        return tuple(map(bits, x))
    return type(x).__name__, x


def outcome(run: Any, *args: Any) -> tuple[str, Any]:
    """("value", bits) or (name of the exception, message)."""
    try:
        value = run(*args)
    except Mismatch as e:
        return "TypeError", str(e)
    except MemoryError:
        return "MemoryError", ""
    except (ArithmeticError, ValueError, TypeError, LookupError) as e:
        return type(e).__name__, str(e)
    return "value", value


def too_large(x: Any) -> bool:
    """Whether a value of CPython has an int outside 64 bits: where ours raises OverflowError."""
    if isinstance(x, tuple):
        return any(map(too_large, x))
    return type(x) is int and not -(2**63) <= x < 2**63


def excepted(op: Operator, args: tuple[Any, ...], theirs: tuple[str, Any], ours: tuple[str, Any], static: bool) -> bool:
    """The documented exceptions from CPython's behavior."""
    kind, value = theirs
    if op.name in ("pow", "builtin_pow"):
        if kind == "value" and isinstance(value, complex):
            return ours[0] == "ValueError"
        if theirs == ("OverflowError", "complex exponentiation"):
            return ours[0] == "ValueError"
        if isinstance(args[0], int) and isinstance(args[1], int) and args[1] < 0 and not static:
            return ours[0] == "ValueError"
    if kind == "value" and too_large(value):
        return ours == ("OverflowError", "int too large for 64 bits")
    if kind in ("OverflowError", "MemoryError") and ours == ("OverflowError", "int too large for 64 bits"):
        return True
    if op.name in CLOSE and kind == "value" == ours[0]:
        return math.isclose(value, ours[1], rel_tol=4e-15, abs_tol=1e-15)
    if ours[0] == "TypeError" and "not supported" in ours[1] and "not supported between" not in ours[1]:
        return True
    partial_results = ("math.lcm", "math.prod", "sum")  # those of ints may be too large before the result is
    return op.name in partial_results and kind == "value" and ours == ("OverflowError", "int too large for 64 bits")


def explosive(name: str, args: tuple[Any, ...]) -> bool:
    """What CPython would compute for hours, or in gigabytes."""
    numbers = [x for x in args if isinstance(x, int)]
    if len(numbers) < len(args) and name in ("mul", "math.prod"):
        return any(abs(x) > 1000 for x in numbers)
    if len(numbers) < len(args) and name != "math.perm":
        return False
    match name:
        case "pow" | "builtin_pow":
            return abs(args[0]) > 1 and abs(args[1]) > 1000
        case "lshift":
            return args[1] > 1000
        case "round":
            return len(args) == 2 and args[1] < -1000
        case "math.factorial" | "math.perm" | "math.comb":
            return any(x > 1000 for x in numbers)
    return False


IN_PLACE = {op.name for op in OPERATORS.values() if op.writes} | {n for n in OPERATORS if n.endswith("_item")}
ARRAYS = (*IN_PLACE, "ellipsis", "is_open", "list", "list.last", "list_display", "getattr", "matmul", "slice_object")


def arities(op: Operator) -> list[int]:
    """How many arguments to try an operator on."""
    parameters = list(inspect.signature(op.expand).parameters.values())[1:]
    required = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    most = 2 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(parameters)
    return [n for n in (0, 1, 2) if required <= n <= max(most, required)]


def cpython(op: Operator) -> Any:
    """The operation in CPython, arguments in positions."""
    return (lambda xs, start=1: math.prod(xs, start=start)) if op.name == "math.prod" else op.evaluate


TESTED = [op for op in OPERATORS.values() if op.evaluate is not None and op.name not in APART]
TESTED = [op for op in TESTED if not op.name.startswith("np.") and op.name not in ARRAYS]  # see tests/arrays


# operators whose second operand the frontend makes a constant
CONSTANT_ONLY = {"check_length"}
CASES = [(op, static) for op in TESTED for static in (False, True) if static or op.name not in CONSTANT_ONLY]


@pytest.mark.parametrize(("op", "static"), CASES, ids=[f"{op}-{'constant' if s else 'run-time'}" for op, s in CASES])
def test_agrees_with_cpython(op: Operator, static: bool) -> None:
    ops = ConcreteOps(static)
    for n in arities(op):
        for args in itertools.product(VALUES, repeat=n):
            if explosive(op.name, args):
                continue
            theirs = outcome(cpython(op), *args)
            ours = outcome(lambda *xs: unwrapped(op.expand(ops, *map(wrapped, xs))), *args)
            if excepted(op, args, theirs, ours, static):
                continue
            assert ours[0] == theirs[0], (args, ours, theirs)
            if ours[0] == "value":
                assert bits(ours[1]) == bits(theirs[1]), (args, ours, theirs)
            elif ours[0] != "TypeError":
                assert ours[1] == theirs[1], (args, ours, theirs)


def run(name: str, *args: Any, static: bool = True, **keywords: Any) -> Any:
    """An operator, expanded on Python values."""
    ops = ConcreteOps(static)
    named = {k: wrapped(v) for k, v in keywords.items()}
    return unwrapped(OPERATORS[name].expand(ops, *map(wrapped, args), **named))


def looped(iterable: Any, static: bool) -> list[Any]:
    """The items that a `for` loop gets."""
    items, i, it = [], 0, run("iter", iterable, static=static)
    n = run("iter_len", it, static=static)
    while run("index_lt", i, n, static=static):
        items.append(run("iter_get", it, i, static=static))
        i = run("index_next", i, static=static)
    return items


RANGES = [a for n in (1, 2, 3) for a in itertools.product([0, 1, -1, 3, -5, 7, True], repeat=n) if n < 3 or a[2] != 0]


@pytest.mark.parametrize("static", [False, True], ids=["run-time", "constant"])
def test_iteration(static: bool) -> None:
    for args in RANGES:
        made = run("range", *args, static=static)
        assert looped(made, static) == list(range(*args)), args
        assert run("len", made, static=static) == len(range(*args))
        assert looped(run("reversed", made), static) == list(reversed(range(*args)))
        for k in range(-8, 8):
            theirs = outcome(lambda a, j: range(*a)[j], args, k)
            assert outcome(lambda j, r=made: run("getitem", r, j, static=static), k) == theirs
    pairs = run("enumerate", (1.5, 2.5), 3)
    assert looped(pairs, static) == [(3, 1.5), (4, 2.5)]
    assert looped(run("zip", pairs, run("range", 5), (7, 8, 9)), static) == [((3, 1.5), 0, 7), ((4, 2.5), 1, 8)]
    assert looped(run("zip"), static) == []
    assert run("tuple", run("range", 3)) == (0, 1, 2)
    assert run("iter_len", run("range", 0, 2**63 - 1, 2)) == len(range(0, 2**63 - 1, 2))
    assert outcome(run, "range", 1, 2, 0) == ("ValueError", "range() arg 3 must not be zero")
    assert outcome(run, "iter", 1.5) == ("TypeError", "'float' object is not iterable")
    assert outcome(run, "reversed", 1.5) == ("TypeError", "'float' object is not reversible")
    assert outcome(run, "range", 1.5) == ("TypeError", "'float' object cannot be interpreted as an integer")
    assert outcome(looped, run("range", -(2**63), 2**63 - 1), True)[0] == "OverflowError"


def test_subscripts() -> None:
    mixed, floats = (1, 2.5, None), (0.5, 1.5, 2.5)
    for k in [*range(-5, 5), 1.5, None, True]:
        for t, static in ((mixed, True), (floats, True), (floats, False), ((), True)):
            assert outcome(run, "getitem", t, k) == outcome(lambda x, i: x[i], t, k), (t, k, static)
    for bounds in itertools.product([None, 0, 1, -1, 5, -7, True], [None, 2, -2], [None, 1, -1, 2, 0]):
        for t in (mixed, "text"):
            assert outcome(run, "slice", t, *bounds) == outcome(lambda x, *b: x[slice(*b)], t, *bounds)
    assert outcome(run, "getitem", "abc", 5) == ("IndexError", "string index out of range")
    assert outcome(run, "getitem", 1.5, 5) == ("TypeError", "'float' object is not subscriptable")


def test_identity() -> None:
    for a, b in itertools.product([None, True, False, "a", "b", (1,), 2, 2.5], repeat=2):
        if type(a) is not type(b) or not isinstance(a, (int, float, tuple)) or isinstance(a, bool):
            assert run("is", a, b) is (a is b)
            assert run("is_not", a, b) is (a is not b)
    assert outcome(run, "is", 1.5, 1.5)[0] == "TypeError"


def test_isinstance_callable_reduce() -> None:
    classes = {"int": int, "float": float, "bool": bool, "tuple": tuple}
    for x in (1, True, 2.5, None, (1,), "a"):
        for name, cls in classes.items():
            assert run("isinstance", x, OPERATORS[name]) is isinstance(x, cls)
        assert run("isinstance", x, (OPERATORS["int"], OPERATORS["float"])) is isinstance(x, (int, float))
        assert run("callable", x) is callable(x)
    assert run("callable", OPERATORS["math.sin"]) is True
    assert outcome(run, "isinstance", 1, 2)[0] == "TypeError"
    assert run("functools.reduce", OPERATORS["add"], (1, 2.5, 3)) == 6.5
    assert run("functools.reduce", OPERATORS["mul"], run("range", 1, 5), 2) == 48
    assert outcome(run, "functools.reduce", OPERATORS["add"], ())[0] == "TypeError"


def test_keywords() -> None:
    assert run("math.isclose", 1.0, 1.1, abs_tol=0.2) is True
    assert run("math.isclose", 1.0, 1.1, rel_tol=0.01) is False
    assert outcome(lambda: run("math.isclose", 1.0, 1.1, rel_tol=-1)) == (
        "ValueError",
        "tolerances must be non-negative",
    )
    assert run("sum", (1, 2), start=0.5) == 3.5
    assert run("round", 1250, ndigits=-2) == 1200
    for n, digits in itertools.product([0, 5, -5, 15, 25, 250, 2**63 - 1, -(2**63), 5 * 10**18], range(-22, 2)):
        theirs = round(n, digits)
        expected = ("OverflowError", "int too large for 64 bits") if too_large(theirs) else ("value", theirs)
        assert outcome(run, "round", n, digits) == expected, (n, digits)


def test_print() -> None:
    ops = ConcreteOps()
    OPERATORS["print"].expand(ops, 1.5, (1, wrapped(None)), "x", sep="-", end="")
    assert ops.printed == [("-", "", 1.5, (1, wrapped(None)), "x")]
    with pytest.raises(Mismatch):
        OPERATORS["print"].expand(ops, Record("range", (0, 1, 1)))


def test_every_operator_is_documented() -> None:
    for op in OPERATORS.values():
        assert op.doc.strip(), op
