"""Operators that make functions of functions: grad, value_and_grad, taylor, jvp, vjp, jit, partial.

A derivative is a record that inference knows how to call: its tag says which (`grad[0]`, `value_and_grad[0,1]`), its
item is the function. So it is a value like any other: passed, stored, chosen at run time, differentiated again.
"""

from __future__ import annotations

import functools
from typing import Any

from tapeless.ir.primitive import UNKNOWN, Mismatch, Ops, operator
from tapeless.ir.primitives.structure import MODES

MAX_ORDER = 170
"""Of `taylor`: the last whose factorial is a float."""


def _argnums(ops: Ops, argnums: Any) -> str:
    if argnums is None:
        return "0"
    if ops.kind(argnums) == "tuple":
        numbers = [ops.constant(n) for n in ops.items(argnums)]
        text = ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")
    else:
        numbers = [ops.constant(argnums)]
        text = str(numbers[0])
    if any(n is UNKNOWN or type(n) is not int for n in numbers):
        raise Mismatch("argnums must be an int or a tuple of ints, written as constants")
    return text


def _function(ops: Ops, f: Any, name: str) -> None:
    if ops.kind(f) not in ("function", "union"):
        raise Mismatch(f"{name} needs a function, got {ops.describe(f)}")


def _mode(ops: Ops, mode: Any) -> str:
    """The mode as a record's tag has it: nothing for auto."""
    known = "auto" if mode is None else ops.constant(mode)
    if known not in MODES:
        raise Mismatch("mode must be 'auto', 'reverse' or 'forward', written as a constant")
    return "" if known == "auto" else f" {known}"


@operator("grad", whole=True, keywords=("fun", "argnums", "mode"))
def grad(ops: Ops, f: Any, argnums: Any = None, mode: Any = None) -> Any:
    """The gradient of a function of floats by some of its arguments."""
    _function(ops, f, "grad")
    return ops.record(f"grad[{_argnums(ops, argnums)}{_mode(ops, mode)}]", [f])


@operator("value_and_grad", whole=True, keywords=("fun", "argnums", "mode"))
def value_and_grad(ops: Ops, f: Any, argnums: Any = None, mode: Any = None) -> Any:
    """The value and the gradient in one call."""
    _function(ops, f, "value_and_grad")
    return ops.record(f"value_and_grad[{_argnums(ops, argnums)}{_mode(ops, mode)}]", [f])


@operator("taylor", whole=True, keywords=("fun", "order", "argnums"))
def taylor(ops: Ops, f: Any, order: Any, argnums: Any = None) -> Any:
    """The derivatives of order 0, ..., n of a function by one float."""
    _function(ops, f, "taylor")
    known = ops.need_constant(order, "the order of taylor")
    if type(known) is not int or not 0 <= known <= MAX_ORDER:
        raise Mismatch(f"the order of taylor must be an int from 0 to {MAX_ORDER}")
    by = _argnums(ops, argnums)
    if "," in by:
        raise Mismatch("taylor is by one argument: argnums must be an int")
    return ops.record(f"taylor[{by};{known}]", [f])


@operator("jvp", whole=True, keywords=("fun", "primals", "tangents"))
def jvp(ops: Ops, f: Any, primals: Any, tangents: Any) -> Any:
    """The value of f at primals, and its directional derivative along tangents."""
    _function(ops, f, "jvp")
    if ops.kind(primals) != "tuple" or ops.kind(tangents) != "tuple":
        raise Mismatch("jvp needs primals and tangents as tuples")
    if len(ops.items(primals)) != len(ops.items(tangents)):
        raise Mismatch("jvp needs as many tangents as primals")
    return ops.call(ops.record("jvp_of[]", [f]), *ops.items(primals), *ops.items(tangents))


@operator("vjp", whole=True)
def vjp(ops: Ops, f: Any, *args: Any) -> Any:
    """The value of f, and its pullback: from the cotangent of the result to those of the arguments."""
    _function(ops, f, "vjp")
    return ops.call(ops.record("vjp_of[]", [f]), *args)


@operator("partial", functools.partial)
def partial(ops: Ops, f: Any, *args: Any) -> Any:
    """A function with its first arguments fixed; inference makes the record, whose tag has the keywords."""
    must_be_callable(ops, f)
    return ops.record("partial[]", [f, *args])


def must_be_callable(ops: Ops, f: Any) -> None:
    """Refuse a partial of anything but a function."""
    if ops.kind(f) not in ("function", "union"):
        raise Mismatch("the first argument must be callable")


@operator("jit", whole=True, keywords=("fun",))
def jit(ops: Ops, f: Any) -> Any:
    """The function itself: inside compiled code everything is compiled."""
    return f
