"""Data classes that cost little to define: `dataclass` and `field` as in the standard library, where we need them.

    @dataclass(frozen=True)
    class Note:
        text: str
        span: Span | None = None

The standard library compiles five to eight functions for each class, some 0.5 ms: of our eighty classes, that
was a quarter of the time to a first gradient. Here only `__init__` is compiled, when it is first needed, and the
other methods are closures.

A class that is `frozen` compares and hashes by its fields; that nothing assigns to them is left to the type checker,
which reads this decorator as the standard one. Not here: slots, order, `replace`, and keyword-only fields.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, dataclass_transform

MISSING: Any = object()


class Field:
    """What `field` says: the default, or what makes it; whether it is a parameter, shown, and compared."""

    def __init__(self, default: Any, factory: Any, init: bool, repr: bool, compare: bool) -> None:
        self.default, self.factory, self.init, self.repr, self.compare = default, factory, init, repr, compare


def field(
    *, default: Any = MISSING, default_factory: Any = None, init: bool = True, repr: bool = True, compare: bool = True
) -> Any:
    """A field with more to say than a type and a default."""
    return Field(default, default_factory, init, repr, compare)


@dataclass_transform(field_specifiers=(field,))
def dataclass(cls: Any = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
    """Give a class `__init__`, `__repr__`, and unless `eq` is false comparison, by the fields that it annotates."""
    if cls is None:
        return lambda cls: dataclass(cls, frozen=frozen, eq=eq)
    own = {name: _field(cls, name) for name in cls.__annotations__}
    fields: dict[str, Field] = {**getattr(cls, "__dataclass__", {}), **own}
    methods: dict[str, Any] = {
        "__dataclass__": fields,
        "__match_args__": tuple(name for name, f in fields.items() if f.init),
        "__init__": Init(cls, fields),
        "__repr__": _repr([name for name, f in fields.items() if f.repr]),
    }
    if eq:
        methods |= _comparison([name for name, f in fields.items() if f.compare], frozen)
    for name in methods.keys() - cls.__dict__.keys():
        setattr(cls, name, methods[name])
    return cls


def _field(cls: type, name: str) -> Field:
    """The field of a name; its default stays in the class."""
    found = cls.__dict__.get(name, MISSING)
    if not isinstance(found, Field):
        return Field(found, None, True, True, True)
    if found.default is MISSING:
        delattr(cls, name)
    else:
        setattr(cls, name, found.default)
    return found


class Init:
    """The `__init__` of a class until it is first looked up, which compiles it: of many classes it never is."""

    def __init__(self, cls: type, fields: dict[str, Field]) -> None:
        self.cls, self.fields = cls, fields

    def __get__(self, instance: Any, owner: type) -> Any:
        made = _init(self.cls, self.fields)
        if "__init__" in self.cls.__dict__ and self.cls.__dict__["__init__"] is self:
            self.cls.__init__ = made
        return made.__get__(instance, owner)


def _init(cls: type, fields: dict[str, Field]) -> Any:
    parameters, body = ["self"], []
    scope: dict[str, Any] = {"MISSING": MISSING}
    for name, f in fields.items():
        value = name if f.init else f"default_{name}"
        if f.factory is not None:
            scope[f"make_{name}"], scope[f"default_{name}"] = f.factory, MISSING
            value = f"make_{name}() if {value} is MISSING else {value}"
        else:
            scope[f"default_{name}"] = f.default
        if f.init:
            optional = scope[f"default_{name}"] is not MISSING or f.factory is not None
            parameters.append(f"{name}=default_{name}" if optional else name)
        body.append(f" self.{name} = {value}\n")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(body) or ' pass'}", scope)
    return scope["__init__"]


def _repr(names: list[str]) -> Any:
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _comparison(names: list[str], frozen: bool) -> dict[str, Any]:
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda self: ()

    def __eq__(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}
