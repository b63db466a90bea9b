"""Abstract values: what inference knows about a value.

Like the types of `ir/abstract.py`, with what only inference needs: constants, creation sites, closures that are named
by their graph and the instance that made them instead of by what they captured.

    Num(kind, const?)   bool, int, float; `mixed` marks a float that may have been an int in CPython
    Non, Text(value)    None; a string
    Tup(items, sites)   a tuple; `sites` are the places that may have made it, and are no part of a specialisation key
    Arr(type)           an array
    Rec(tag, items)     an object of the library: range, enumerate, partial, grad; a list
    Clo(graph, parent)  a function; parent: the nearest enclosing instance that owns one of its free variables
    Oper(operator)      an operator used as a value
    Boxed(site, head)   a recursive tuple: a name; its items stand in the engine's table and grow
    Loc(site)           a location; its content stands in the engine's table
    Pull(number)        the pullback that one call of `vjp` gave
    Either(parts)       a union of at most one part per head
    NEVER               no value (yet)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tapeless.ir.abstract import SCALARS, Array, Scalar, Tuple, Type, head
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.nodes import Graph
from tapeless.ir.primitive import UNKNOWN, Operator

if TYPE_CHECKING:
    from tapeless.infer.instances import Instance


class Value:
    """Base class of abstract values; `head` decides which parts of a union meet."""

    __slots__ = ()
    head: str


@dataclass(frozen=True, eq=False)
class Num(Value):
    """A scalar of one kind, and its value where that is known."""

    kind: str
    const: Any = UNKNOWN
    mixed: bool = False

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Num)
            and self.kind == other.kind
            and self.mixed == other.mixed
            and same_constant(self.const, other.const)
        )

    def __hash__(self) -> int:
        return hash(self.kind) if self.const is UNKNOWN else hash((self.kind, repr(self.const)))

    @property
    def head(self) -> str:  # type: ignore[override]
        return head(SCALARS[self.kind])


@dataclass(frozen=True)
class Non(Value):
    head = "none"


@dataclass(frozen=True)
class Text(Value):
    value: str

    @property
    def head(self) -> str:  # type: ignore[override]
        return "str " + self.value


@dataclass(frozen=True)
class Tup(Value):
    items: tuple[Value, ...]
    sites: frozenset[int] = frozenset()
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.items))

    def __hash__(self) -> int:
        return self._hash

    @property
    def head(self) -> str:  # type: ignore[override]
        return f"tuple {len(self.items)}"


@dataclass(frozen=True)
class Rec(Value):
    tag: str
    items: tuple[Value, ...]
    sites: frozenset[int] = frozenset()

    @property
    def head(self) -> str:  # type: ignore[override]
        return "list" if self.tag in LISTS else "record " + self.tag


STATIC, DYNAMIC = LISTS = ("list", "list[]")
"""The tags of lists: of known length, with their items; and of any length, with what an item is."""


@dataclass(frozen=True)
class Arr(Value):
    type: Array

    @property
    def head(self) -> str:  # type: ignore[override]
        return head(self.type)


@dataclass(frozen=True)
class Boxed(Value):
    site: int
    head: str


@dataclass(frozen=True)
class Clo(Value):
    graph: Graph
    parent: Instance | None

    @property
    def head(self) -> str:  # type: ignore[override]
        return f"closure {id(self.graph)} {self.parent.number if self.parent else 0}"


@dataclass(frozen=True)
class Oper(Value):
    operator: Operator

    @property
    def head(self) -> str:  # type: ignore[override]
        return "operator " + self.operator.name


@dataclass(frozen=True)
class Loc(Value):
    site: int
    head = "cell"


@dataclass(frozen=True)
class Pull(Value):
    number: int

    @property
    def head(self) -> str:  # type: ignore[override]
        return f"pullback {self.number}"


@dataclass(frozen=True)
class Either(Value):
    parts: tuple[Value, ...]
    head = "union"


@dataclass(frozen=True)
class Never(Value):
    head = "never"


NEVER, NONE = Never(), Non()
FLOAT, INT, BOOL = Num("float"), Num("int"), Num("bool")


def same_constant(a: Any, b: Any) -> bool:
    """Whether two known values are one: floats by their bits, so that 0.0 is not -0.0 and nan is nan."""
    if a is b:
        return True
    if a is UNKNOWN or b is UNKNOWN or type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    return bool(a == b)


def constant(value: Any) -> Value:
    """A scalar, string or None as an abstract value."""
    if value is None:
        return NONE
    if isinstance(value, str):
        return Text(value)
    return Num(type(value).__name__, value)


def of_type(t: Type) -> Value:
    """The abstract value of a scalar, an array, or a tuple of such."""
    match t:
        case Scalar(kind=kind):
            return Num(kind)
        case Array():
            return Arr(t)
        case Tuple(items=items):
            return Tup(tuple(map(of_type, items)))
    raise TypeError(f"{t} is no type of an array or scalar")


def parts(v: Value) -> tuple[Value, ...]:
    """The parts of a union; another value is its only part; NEVER has none."""
    if isinstance(v, Either):
        return v.parts
    return () if isinstance(v, Never) else (v,)


def either(found: dict[str, Value]) -> Value:
    """A union of parts by head, in order of first meeting."""
    if not found:
        return NEVER
    values = tuple(found.values())
    return values[0] if len(values) == 1 else Either(values)


def general(v: Value) -> Value:
    """A value without its constants (strings stay: they are types of their own)."""
    match v:
        case Num(kind=kind, const=c, mixed=m):
            return v if c is UNKNOWN else Num(kind, UNKNOWN, m)
        case Tup(items=items, sites=sites):
            return Tup(tuple(map(general, items)), sites)
        case Rec(tag=tag, items=items, sites=sites):
            return Rec(tag, tuple(map(general, items)), sites)
        case Either(parts=ps):
            return Either(tuple(map(general, ps)))
    return v


def constants(v: Value) -> Any:
    """The constants of a value, as a key; UNKNOWN is one too."""
    match v:
        case Num(kind=kind, const=c):
            return (kind, c if c is UNKNOWN else repr(c))
        case Text(value=t):
            return t
        case Tup(items=items):
            return tuple(map(constants, items))
    return v.head if len(parts(v)) == 1 else UNKNOWN


def has_unknown(v: Value) -> bool:
    """Whether a value is a number that is not known, or a tuple that has one."""
    match v:
        case Num(const=c):
            return c is UNKNOWN
        case Tup(items=items):
            return any(map(has_unknown, items))
    return False


def stored(v: Value) -> Value:
    """A value as an item of a list of any length: without constants, arrays packed and of any size."""
    match v:
        case Arr(type=type):
            return Arr(Array(type.element, type.dims.replace("n", "?")))
        case Tup(items=items):
            return Tup(tuple(map(stored, items)))
        case Either(parts=ps):
            return Either(tuple(map(stored, ps)))
    return general(v)


def is_storable(v: Value) -> bool:
    """Whether a value can be an item of a list of any length."""
    match v:
        case Num() | Arr() | Non() | Text():
            return True
        case Tup(items=items):
            return all(map(is_storable, items))
    return False


def without_sites(v: Value) -> Value:
    """A value as it stands in a specialisation key."""
    match v:
        case Tup(items=items):
            return Tup(tuple(map(without_sites, items)))
        case Rec(tag=tag, items=items):
            return Rec(tag, tuple(map(without_sites, items)))
        case Either(parts=ps):
            return Either(tuple(sorted(map(without_sites, ps), key=lambda p: p.head)))
        case Num(mixed=True, kind=kind, const=c):
            return Num(kind, c)
    return v
