"""Where a value that a program captured is found again: a path from the function that was compiled.

A new closure over the same code is the same program with other values at the ends of its paths. `Input` is captured
data, read at every call; `Guard` is something that the compiled code relies on and that makes it stale when it changes.
"""

from __future__ import annotations

import builtins
import functools
from types import FunctionType, ModuleType
from typing import Any

from tapeless.ir.abstract import MAX_RANK
from tapeless.ir.dataclass import dataclass


class Missing:
    """What a path leads to where something on it no longer exists."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


@dataclass(frozen=True)
class Step:
    """One step of a path: from an object to a part of it.

    global, closure    a variable of a function
    default, keyword   the default of a parameter of a function, by index from the first default or by name
    attribute, item    of an object; of a tuple
    inner, option      what a transform of tapeless is applied to; one of its keyword arguments
    """

    kind: str
    key: Any = None

    def follow(self, value: Any) -> Any:
        """The part of `value`; may raise LookupError, AttributeError, TypeError or ValueError."""
        match self.kind:
            case "global":
                return global_value(value, self.key)
            case "closure":
                return value.__closure__[value.__code__.co_freevars.index(self.key)].cell_contents
            case "default":
                return value.__defaults__[self.key]
            case "keyword":
                return value.__kwdefaults__[self.key]
            case "attribute":
                return getattr(value, self.key)
            case "item":
                return value[self.key]
            case "inner":
                return inner_object(value)
            case "option":
                return value.__tapeless_transform__[2][self.key]
        raise ValueError(self.kind)


Path = tuple[Step, ...]


def global_value(fn: FunctionType, name: str) -> Any:
    """The value of a global or builtin name in a function; LookupError where there is none."""
    scope = fn.__globals__
    if name in scope:
        return scope[name]
    return vars(builtins)[name]


def inner_object(value: Any) -> Any:
    """What a transform, or an object that wraps a function for tapeless, is applied to."""
    transform = getattr(value, "__tapeless_transform__", None)
    return value.__wrapped_function__ if transform is None else transform[1]


def follow(path: Path, start: Any) -> Any:
    """The value at the end of a path, or MISSING."""
    try:
        for step in path:
            start = step.follow(start)
    except (LookupError, AttributeError, TypeError, ValueError):
        return MISSING
    return start


def decides(value: Any) -> bool:
    """Whether captured data may be made a constant where one has to be known: an int, or a tuple of these.

    Of no more than an array has axes: each item is guarded.
    """
    if type(value) is tuple:
        return len(value) <= MAX_RANK and all(map(decides, value))
    return type(value) in (bool, int)


def described(path: Path) -> str:
    """A path in words, for messages and for the names of hidden parameters."""
    for step in reversed(path):
        if step.kind in ("global", "closure", "keyword", "attribute"):
            return str(step.key)
    return path[-1].kind if path else "function"


@dataclass(frozen=True)
class Input:
    """Captured data: the hidden parameter `name` of a program."""

    name: str
    path: Path
    function: Any

    def fetch(self, function: Any = None) -> Any:
        """The value now, from the function that was compiled or from another one over the same code."""
        value = self.function if function is None else function
        for step in self.path:
            value = step.follow(value)
        return value


@dataclass(frozen=True)
class Guard:
    """What was found at the end of a path while compiling.

    is       this very object (a module, class, builtin, None)
    equals   an equal value of the same type (a string, an option of a transform)
    code     a function with this code object and these numbers of defaults
    same     the same object as the one at the end of another path, `expected`
    form     an object made of parts, whose parts have paths of their own; see `form_of`
    """

    path: Path
    kind: str
    expected: Any
    function: Any

    def holds(self, function: Any = None) -> bool:
        """Whether it is still so, for the function that was compiled or for another one."""
        start = self.function if function is None else function
        value = follow(self.path, start)
        match self.kind:
            case "is":
                return value is self.expected
            case "equals":
                return type(value) is type(self.expected) and value == self.expected
            case "code":
                return isinstance(value, FunctionType) and signature_key(value) == self.expected
            case "same":
                return value is follow(self.expected, start)
            case "form":
                return form_of(value) == self.expected
        raise ValueError(self.kind)


def signature_key(fn: FunctionType) -> tuple[Any, ...]:
    """What decides which graph a function has, apart from what it captures."""
    return fn.__code__, len(fn.__defaults__ or ()), tuple(sorted(fn.__kwdefaults__ or ()))


def form_of(value: Any) -> tuple[Any, ...]:
    """What is fixed about an object whose parts are captured one by one."""
    transform = getattr(value, "__tapeless_transform__", None)
    if transform is not None:
        return "transform", transform[0], tuple(transform[2])
    if isinstance(value, functools.partial):
        return "partial", len(value.args), tuple(value.keywords)
    if type(value) is tuple:
        return "tuple", len(value)
    return ("wrapper",) if hasattr(value, "__wrapped_function__") else ("other",)


Watch = tuple[dict[str, Any], str, Any]
"""A dictionary, a name in it, and the object that it must have (MISSING: none)."""


def watches(start: Any, guards: list[Guard]) -> list[Watch] | None:
    """Names whose objects decide whether all guards hold: while they are the same, the guards do.

    None where a guard is about something else than globals and attributes of modules.
    """
    out: dict[tuple[int, str], Watch] = {}
    for guard in guards:
        value = start
        for step in guard.path:
            if step.kind == "global":
                names = value.__globals__
                if step.key not in names:
                    out[id(names), step.key] = (names, step.key, MISSING)
                    names = vars(builtins)
            elif step.kind == "attribute" and isinstance(value, ModuleType):
                names = vars(value)
            elif step.kind in ("inner", "option") or type(value) is tuple:  # parts that never change
                value = step.follow(value)
                continue
            else:
                return None
            if step.key not in names:
                return None
            value = names[step.key]
            out[id(names), step.key] = (names, step.key, value)
    return list(out.values())
