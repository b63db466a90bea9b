"""`Ops` on plain Python values: what an operator's `expand` computes, primitive by primitive."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tapeless.ir.operators import named
from tapeless.ir.primitive import REGISTRY, UNKNOWN, Operator


@dataclass(frozen=True)
class Record:
    """A record of the library."""

    tag: str
    items: tuple[Any, ...]


class Nothing:
    """None as a value, told from the absence of an argument."""

    def __repr__(self) -> str:
        return "None"


NOTHING = Nothing()


def wrapped(x: Any) -> Any:
    """A Python value as a value of `ConcreteOps`."""
    return tuple(map(wrapped, x)) if isinstance(x, tuple) else NOTHING if x is None else x


def unwrapped(x: Any) -> Any:
    """The reverse of `wrapped`."""
    return tuple(map(unwrapped, x)) if isinstance(x, tuple) else None if x is NOTHING else x


class ConcreteOps:
    """Runs `expand`. What is known while compiling is `static`: all values, or only None, strings and operators."""

    def __init__(self, static: bool = False) -> None:
        self.static = static
        self.printed: list[tuple[Any, ...]] = []

    def kind(self, x: Any) -> str:
        match x:
            case bool() | int() | float() | tuple() | str():
                return type(x).__name__
            case Nothing():
                return "none"
            case Record():
                return "record"
        return "function"

    def describe(self, x: Any) -> str:
        if isinstance(x, Record):
            return x.tag
        return "NoneType" if x is NOTHING else "function" if callable(x) else type(x).__name__

    def constant(self, x: Any) -> Any:
        if x is NOTHING:
            return None
        if isinstance(x, (tuple, Record)) or not (self.static or isinstance(x, (str, Operator))):
            return UNKNOWN
        return x

    def lift(self, value: Any) -> Any:
        return wrapped(value)

    def apply(self, name: str, *args: Any) -> Any:
        if name == "select":
            return args[1] if args[0] else args[2]
        if name == "print":
            self.printed.append(args)
            return NOTHING
        p = REGISTRY[name]
        assert p.evaluate is not None
        value = p.evaluate(*args)
        assert p.type_of([None] * len(args)).kind == type(value).__name__, (name, args, value)  # type: ignore[attr-defined,list-item]
        return value

    def check(self, ok: Any, exception: str, message: str) -> None:
        assert type(ok) is bool
        if not ok:
            self.raise_(exception, message)

    def raise_(self, exception: str, message: str) -> Any:
        raise getattr(builtins, exception)(message)

    def branch(self, condition: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        assert type(condition) is bool
        return then() if condition else orelse()

    def operate(self, name: str, *args: Any) -> Any:
        return named(name).expand(self, *args)

    def call(self, fn: Any, *args: Any) -> Any:
        return self.operate(fn.name, *args) if isinstance(fn, Operator) else fn(*args)

    def tuple(self, items: Sequence[Any]) -> Any:
        return tuple(items)

    def items(self, x: Any) -> list[Any]:
        return list(x.items) if isinstance(x, Record) else list(x)

    def record(self, tag: str, items: Sequence[Any]) -> Any:
        return Record(tag, tuple(items))

    def tag(self, x: Any) -> str:
        assert isinstance(x, Record)
        return x.tag

    def need_constant(self, x: Any, what: str) -> Any:
        return x
