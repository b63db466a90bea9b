"""Python's comparisons, membership, identity and truth.

An int and a float compare exactly. Items of tuples compare by value: a nan in a tuple equals nothing, also where
CPython would find the very same object in both.
"""

from __future__ import annotations

import operator as python
from typing import Any

from tapeless.ir.operators.dtypes import same_dtype
from tapeless.ir.operators.elementwise import is_numpy, refuse_sequences, ufunc
from tapeless.ir.operators.numbers import is_number, to_int
from tapeless.ir.operators.ufuncs import machine
from tapeless.ir.primitive import Mismatch, Ops, operator

_MIXED = {"eq": ("if_eq", "if_eq"), "lt": ("if_lt", "fi_lt"), "le": ("if_le", "fi_le")}


def compare_numbers(ops: Ops, name: str, a: Any, b: Any) -> Any:
    """a == b, a < b or a <= b (name: eq, lt, le) of numbers."""
    x, y = to_int(ops, a), to_int(ops, b)
    match ops.kind(x), ops.kind(y):
        case "int", "int":
            return ops.apply("i" + name, x, y)
        case "float", "float":
            return ops.apply("f" + name, x, y)
        case "int", "float":
            return ops.apply(_MIXED[name][0], x, y)
    return ops.apply(_MIXED[name][1], *((y, x) if name == "eq" else (x, y)))


def _ordered(ops: Ops, symbol: str, name: str, a: Any, b: Any) -> Any:
    """a < b or a <= b; `symbol` is how the program wrote it (the operands stand as for < and <=)."""
    if is_numpy(ops, a, b):
        return ufunc(ops, name, a, b)
    if is_number(ops, a, b):
        return compare_numbers(ops, name, a, b)
    match ops.kind(a), ops.kind(b):
        case ("tuple", "tuple") | ("list", "list"):
            return _lexicographic(ops, symbol, name, _items(ops, a), _items(ops, b))
        case "str", "str":
            return ops.lift(getattr(python, name)(ops.constant(a), ops.constant(b)))
    left, right = (b, a) if symbol[0] == ">" else (a, b)
    described = f"'{ops.describe(left)}' and '{ops.describe(right)}'"
    raise Mismatch(f"'{symbol}' not supported between instances of {described}")


def _lexicographic(ops: Ops, symbol: str, name: str, xs: list[Any], ys: list[Any]) -> Any:
    written = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[symbol]

    def first_difference(i: int) -> Any:
        if i == min(len(xs), len(ys)):
            return ops.lift(getattr(python, name)(len(xs), len(ys)))
        left, right = (ys[i], xs[i]) if symbol[0] == ">" else (xs[i], ys[i])
        equal = ops.operate("truth", ops.operate("eq", left, right))
        return ops.branch(equal, lambda: first_difference(i + 1), lambda: ops.operate(written, left, right))

    return first_difference(0)


@operator("lt", python.lt, meets=True)
def lt(ops: Ops, a: Any, b: Any) -> Any:
    """a < b of numbers, strings, or tuples item by item."""
    return _ordered(ops, "<", "lt", a, b)


@operator("le", python.le, meets=True)
def le(ops: Ops, a: Any, b: Any) -> Any:
    """a <= b of numbers, strings, or tuples item by item."""
    return _ordered(ops, "<=", "le", a, b)


@operator("gt", python.gt, meets=True)
def gt(ops: Ops, a: Any, b: Any) -> Any:
    """a > b of numbers, strings, or tuples item by item."""
    return _ordered(ops, ">", "lt", b, a)


@operator("ge", python.ge, meets=True)
def ge(ops: Ops, a: Any, b: Any) -> Any:
    """a >= b of numbers, strings, or tuples item by item."""
    return _ordered(ops, ">=", "le", b, a)


@operator("eq", python.eq, meets=True)
def eq(ops: Ops, a: Any, b: Any) -> Any:
    """a == b of numbers, strings, None, or tuples item by item; values of different kinds are not equal."""
    if is_numpy(ops, a, b):
        return ufunc(ops, "eq", a, b)
    refuse_sequences(ops, "==", a, b)
    if any(ops.kind(x) == "record" and ops.tag(x) == "dtype" for x in (a, b)):
        return ops.lift(same_dtype(ops, a, b))
    if is_number(ops, a, b):
        if ops.kind(a) == ops.kind(b) == "bool":
            return ops.apply("beq", a, b)
        return compare_numbers(ops, "eq", a, b)
    match ops.kind(a), ops.kind(b):
        case "none", "none":
            return ops.lift(True)
        case "str", "str":
            return ops.lift(ops.constant(a) == ops.constant(b))
        case ("tuple", "tuple") | ("list", "list"):
            return _all_equal(ops, _items(ops, a), _items(ops, b))
        case (("function" | "record" | "cell") as kind, other) if kind == other:
            raise Mismatch(f"comparing two objects of type '{ops.describe(a)}' is not supported")
    return ops.lift(False)


def _items(ops: Ops, x: Any) -> list[Any]:
    if ops.kind(x) == "list" and not ops.known_list(x):
        raise Mismatch("comparing a list of a length that is not known while compiling is not supported")
    return ops.items(x)


def _all_equal(ops: Ops, xs: list[Any], ys: list[Any]) -> Any:
    if len(xs) != len(ys):
        return ops.lift(False)

    def from_item(i: int) -> Any:
        if i == len(xs):
            return ops.lift(True)
        equal = ops.operate("truth", ops.operate("eq", xs[i], ys[i]))
        return ops.branch(equal, lambda: from_item(i + 1), lambda: ops.lift(False))

    return from_item(0)


@operator("ne", python.ne, meets=True)
def ne(ops: Ops, a: Any, b: Any) -> Any:
    """a != b: the opposite of a == b."""
    if is_numpy(ops, a, b):
        return ufunc(ops, "ne", a, b)
    refuse_sequences(ops, "!=", a, b)
    if ops.kind(a) == ops.kind(b) == "float":
        return ops.apply("fne", a, b)
    return ops.apply("not_", ops.operate("eq", a, b))


def _identical(ops: Ops, a: Any, b: Any) -> Any:
    match ops.kind(a), ops.kind(b):
        case "none", "none":
            return ops.lift(True)
        case "bool", "bool":
            return ops.apply("beq", a, b)
        case "str", "str":
            return ops.lift(ops.constant(a) == ops.constant(b))
        case kind, other if kind == other:
            name = ops.describe(a)
            raise Mismatch(f"`is` between two objects of type '{name}' is not supported: use == to compare values")
    return ops.lift(False)


@operator("is", python.is_)
def is_(ops: Ops, a: Any, b: Any) -> Any:
    """a is b, for None, bools and strings."""
    return _identical(ops, a, b)


@operator("is_not", python.is_not)
def is_not(ops: Ops, a: Any, b: Any) -> Any:
    """a is not b, for None, bools and strings."""
    return ops.apply("not_", _identical(ops, a, b))


def _member(ops: Ops, x: Any, container: Any) -> Any:
    match ops.kind(container):
        case "tuple" | "list":
            items = _items(ops, container)
        case "str":
            if ops.kind(x) != "str":
                raise Mismatch(f"'in <string>' requires string as left operand, not {ops.describe(x)}")
            return ops.lift(ops.constant(x) in ops.constant(container))
        case "record":
            raise Mismatch(f"`in` with an object of type '{ops.describe(container)}' is not supported")
        case _:
            raise Mismatch(f"argument of type '{ops.describe(container)}' is not iterable")

    def from_item(i: int) -> Any:
        if i == len(items):
            return ops.lift(False)
        equal = ops.operate("truth", ops.operate("eq", items[i], x))
        return ops.branch(equal, lambda: ops.lift(True), lambda: from_item(i + 1))

    return from_item(0)


@operator("in", lambda x, container: x in container)
def in_(ops: Ops, x: Any, container: Any) -> Any:
    """x in container, a tuple or a string."""
    return _member(ops, x, container)


@operator("not_in", lambda x, container: x not in container)
def not_in(ops: Ops, x: Any, container: Any) -> Any:
    """x not in container, a tuple or a string."""
    return ops.apply("not_", _member(ops, x, container))


def truth_of(ops: Ops, a: Any) -> Any:
    """Python's truth value of a."""
    a = machine(ops, a)
    match ops.kind(a):
        case "bool":
            return a
        case "int":
            return ops.apply("ine", a, ops.lift(0))
        case "float":
            return ops.apply("fne", a, ops.lift(0.0))
        case "none":
            return ops.lift(False)
        case "str":
            return ops.lift(bool(ops.constant(a)))
        case "tuple":
            return ops.lift(bool(ops.items(a)))
        case "list":
            return ops.apply("ine", ops.operate("iter_len", a), ops.lift(0))
        case "record" if ops.tag(a) == "range":
            return ops.apply("ine", ops.operate("iter_len", a), ops.lift(0))
        case "function" | "record":
            return ops.lift(True)
    raise Mismatch(f"the truth value of '{ops.describe(a)}' is not supported")


@operator("truth", python.truth)
def truth(ops: Ops, a: Any) -> Any:
    """Whether a counts as true."""
    return truth_of(ops, a)


@operator("not", python.not_)
def not_(ops: Ops, a: Any) -> Any:
    """not a."""
    return ops.apply("not_", truth_of(ops, a))
