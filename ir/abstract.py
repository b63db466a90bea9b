"""Types: what a node's value may be, and so how it is laid out.

Every node of a graph at stage TYPED or later has one. Types are immutable and compare by structure; only `Box`,
`Pullback` and `Cell` need care: the first two are *named* (their content is set once, after creation, because it may
mention the name), the last is a location that a store can change.

    bool, int, float          Python's scalars: int is a checked i64, float an f64 with Python's errors
    np.f64, np.i32, np.bool   NumPy's scalars of rank 0 (`elements.py`): same machine layout, other rules
    none, "text"              None; a string that is known while compiling
    f64[n,1], f64[?]~         an array: its elements, dimensions (1, not 1, any size), whether strided
    (f64, i64)                a tuple
    tag{f64, i64}             a record: the environment of a closure, a range, an iterator
    a | b                     a union of at most one part per head (see `head`)
    box %name                 a pointer to a boxed tuple or record, for recursive data
    cell(f64, 3)              a location: a captured variable that is assigned after capture
    pullback %name            what the pullback of one graph needs of the forward computation; AD fills it in
    never                     the type of a node that has no value: `undef`, a call that does not return
"""

from __future__ import annotations

import re

from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.elements import ELEMENTS, promoted


class Type:
    """Base class of all types."""

    __slots__ = ()


@dataclass(frozen=True)
class Scalar(Type):
    """A number of Python (`bool`, `int`, `float`) or of NumPy (`np.bool`, `np.i64`, `np.f64` and narrower ones)."""

    kind: str

    def __str__(self) -> str:
        return self.kind


MAX_RANK = 64
"""How many dimensions an array of NumPy may have, and a tuple of axes therefore items."""
BOOL, INT, FLOAT = Scalar("bool"), Scalar("int"), Scalar("float")
SCALARS = {t.kind: t for t in (BOOL, INT, FLOAT, *map(Scalar, ELEMENTS))}
NP_BOOL, NP_I64, NP_F64 = SCALARS["np.bool"], SCALARS["np.i64"], SCALARS["np.f64"]


def joined_kind(a: str, b: str) -> str:
    """The kind that two scalars meet as: NumPy's where one is, a float where one is."""
    if a == b:
        return a
    if not a.startswith("np.") and not b.startswith("np."):
        return "float"
    return promoted(a, b)


def machine_type(t: Scalar) -> Scalar:
    """The scalar of Python that one of NumPy is computed with; Python's are their own."""
    return SCALARS[ELEMENTS[t.kind].machine] if t.kind in ELEMENTS else t


def is_real(t: Type | None) -> bool:
    """Whether a scalar is a float, of Python or NumPy, and so has derivatives."""
    return isinstance(t, Scalar) and machine_type(t) == FLOAT


@dataclass(frozen=True)
class Array(Type):
    """An array of NumPy; `element` is a scalar of NumPy.

    dims    for each dimension: 1, n for 2 or more, or ? for any size
    packed  whether the elements lie in C order without gaps
    """

    element: Scalar
    dims: str
    packed: bool = True

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.dims)

    def __str__(self) -> str:
        return f"{self.element.kind.removeprefix('np.')}[{','.join(self.dims)}]{'' if self.packed else '~'}"


def array_type(text: str) -> Array:
    """The type that `str` of it wrote."""
    found = re.fullmatch(r"(\w+)\[([n1?,]*)\](~?)", text)
    assert found is not None, text
    return Array(SCALARS["np." + found[1]], found[2].replace(",", ""), not found[3])


@dataclass(frozen=True)
class NoneType(Type):
    """The type of None."""

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True)
class Never(Type):
    """No value at all: bottom."""

    def __str__(self) -> str:
        return "never"


NONE, NEVER = NoneType(), Never()


@dataclass(frozen=True)
class Str(Type):
    """One string, known while compiling: it carries no data at run time."""

    value: str

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True)
class Tuple(Type):
    """A tuple of known length."""

    items: tuple[Type, ...]
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(("tuple", self.items)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.items)) + ("," if len(self.items) == 1 else "") + ")"


@dataclass(frozen=True)
class Record(Type):
    """A tagged tuple: what a closure captured (tag: the function), or a library object such as a range."""

    tag: str
    items: tuple[Type, ...]
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.tag, self.items)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return f"{symbol(self.tag)}{{" + ", ".join(map(str, self.items)) + "}"


@dataclass(frozen=True)
class Union(Type):
    """One of several parts, no two of one `head`, in the order of their heads. Make it with `union`."""

    parts: tuple[Type, ...]
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(("union", self.parts)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return "<" + " | ".join(map(str, self.parts)) + ">"

    def index(self, key: str) -> int:
        """The position of the part with head `key`; ValueError if there is none."""
        return [head(p) for p in self.parts].index(key)


class Box(Type):
    """A pointer to a tuple or record; compares by identity. `body` is set once, after creation."""

    __slots__ = ("body", "name")

    def __init__(self, name: str, body: Tuple | Record | None = None) -> None:
        self.name, self.body = name, body

    def __str__(self) -> str:
        return f"box %{self.name}"


class Pullback(Type):
    """What a pullback keeps of the forward computation of one graph; `residual` is set by AD."""

    __slots__ = ("name", "residual")

    def __init__(self, name: str, residual: Type | None = None) -> None:
        self.name, self.residual = name, residual

    def __str__(self) -> str:
        return f"pullback %{self.name}"


@dataclass(frozen=True)
class Cell(Type):
    """A location that holds one value of type `content`; `site` tells apart those of different variables."""

    content: Type
    site: int = 0

    def __str__(self) -> str:
        return f"cell({self.content}, {self.site})"


def resolve(t: Type) -> Type:
    """A pullback type that AD has filled in, as its residual; any other type as it is."""
    while isinstance(t, Pullback) and t.residual is not None:
        t = t.residual
    return t


def head(t: Type) -> str:
    """The kind of value: a union has at most one part for each head.

    int and float share one, so they meet as float, and as NumPy's where one is NumPy's; tuples of one length share one;
    each closure and each string has its own.
    """
    match t:
        case Scalar():
            return "bool" if machine_type(t) == BOOL else "number"
        case NoneType():
            return "none"
        case Str(value=v):
            return "str " + v
        case Tuple(items=items):
            return f"tuple {len(items)}"
        case Record(tag=tag):
            return "record " + tag
        case Box(body=body):
            assert body is not None, "a box has a body before its head is asked for"
            return head(body)
        case Pullback(name=name):
            return "pullback " + name
        case Array(element=element, dims=dims):
            return f"array {element} {len(dims)}"
        case Cell():
            return "cell"
    raise TypeError(f"{t} has no head")


def parts(t: Type) -> tuple[Type, ...]:
    """The parts of a union; another type is its own single part; never has none."""
    match t:
        case Union(parts=ps):
            return ps
        case Never():
            return ()
    return (t,)


def union(ts: list[Type]) -> Type:
    """The union of parts whose heads differ."""
    ordered = sorted(ts, key=head)
    if not ordered:
        return NEVER
    return ordered[0] if len(ordered) == 1 else Union(tuple(ordered))


def join(a: Type, b: Type) -> Type:
    """The least type that holds the values of both (int and float meet as float).

    A tuple that meets a box of its head joins the box, whose fields it must fit: inference has seen to that.
    """
    if a == b or isinstance(b, Never):
        return a
    if isinstance(a, Never):
        return b
    by_head = {head(p): p for p in parts(a)}
    for p in parts(b):
        key = head(p)
        by_head[key] = _join_part(by_head[key], p) if key in by_head else p
    return union(list(by_head.values()))


def _join_part(a: Type, b: Type) -> Type:
    if a == b:
        return a
    match a, b:
        case Box(), _:
            return a
        case _, Box():
            return b
        case Scalar(kind=x), Scalar(kind=y):
            return SCALARS[joined_kind(x, y)]
        case Tuple(items=x), Tuple(items=y):
            return Tuple(tuple(map(join, x, y)))
        case Record(tag=tag, items=x), Record(items=y):
            return Record(tag, tuple(map(join, x, y)))
        case Cell(content=x, site=site), Cell(content=y):
            return Cell(join(x, y), site)
        case Array(element=element, dims=x, packed=p), Array(dims=y, packed=q):
            return Array(element, joined_dims(x, y), p and q)
    raise TypeError(f"{a} and {b} have no join")


def joined_dims(x: str, y: str) -> str:
    """What is known of the dimensions of one of two arrays of the same rank."""
    return "".join(a if a == b else "?" for a, b in zip(x, y))


def broadcast_dims(arrays: list[Array]) -> str:
    """The dimensions of what arrays are broadcast to."""
    rank = max(a.rank for a in arrays)
    padded = [a.dims.rjust(rank, "1") for a in arrays]
    return "".join("n" if "n" in column else "?" if "?" in column else "1" for column in zip(*padded))


def output_type(kind: str, element: Type, dims: str) -> Type:
    """The type of an output of a nest over these dimensions: `each`, or `sum:101`."""
    assert isinstance(element, Scalar)
    if kind == "each":
        return Array(element, dims)
    mask = kind.split(":")[1]
    left = "".join(d for d, bit in zip(dims, mask) if bit == "0")
    return Array(element, left) if "0" in mask else element


def kept_dims(dims: str, mask: str) -> str:
    """The dimensions of a reduced array, with those that were reduced as ones."""
    rest = iter(dims)
    return "".join("1" if bit == "1" else next(rest) for bit in mask)


def cotangent(t: Type) -> Type:
    """The type of the cotangents (and tangents) of values of type `t`; NONE stands for the space that holds only zero.

    float to float; an array of floats to a packed one; discrete values to none; tuples and records item by item; a
    union to the same tags, or none for zero; a box to a box of cotangents, or none for zero.
    """
    t = resolve(t)
    if t not in _COTANGENTS:
        match t:
            case Scalar():
                out: Type = FLOAT if is_real(t) else NONE
            case Array(element=element, dims=dims):
                out = Array(element, dims) if is_real(element) else NONE
            case Tuple(items=items):
                cts = tuple(map(cotangent, items))
                out = NONE if all(c is NONE for c in cts) else Tuple(cts)
            case Record(tag=tag, items=items):
                cts = tuple(map(cotangent, items))
                out = NONE if all(c is NONE for c in cts) else Record("∂" + tag, cts)
            case Union(parts=ps):
                out = NONE
                tagged: list[Type] = [Record(f"∂[{head(p)}]", (cotangent(p),)) for p in ps if cotangent(p) != NONE]
                if tagged:
                    out = union([NONE, *tagged])
            case Box(name=name, body=body):
                assert body is not None
                box = Box("∂" + name)
                nullable = _COTANGENTS[t] = Union((NONE, box))
                inner = cotangent_items(body)
                if not _has_float(body, {t}):
                    _COTANGENTS[t] = NONE
                    return NONE
                tag = f"∂[{head(body)}]"
                box.body = Record(tag, inner)
                return nullable
            case Pullback():
                raise TypeError(f"{t} has no cotangent type before AD has filled it in")
            case _:
                out = NONE
        _COTANGENTS[t] = out
    return _COTANGENTS[t]


_COTANGENTS: dict[Type, Type] = {}


def cotangent_items(body: Type) -> tuple[Type, ...]:
    """The cotangent types of the items of a tuple or record."""
    assert isinstance(body, (Tuple, Record))
    return tuple(map(cotangent, body.items))


def _has_float(t: Type, seen: set[Type]) -> bool:
    t = resolve(t)
    match t:
        case Scalar():
            return is_real(t)
        case Array(element=element):
            return is_real(element)
        case Tuple(items=items) | Record(items=items):
            return any(_has_float(i, seen) for i in items)
        case Union(parts=ps):
            return any(_has_float(p, seen) for p in ps)
        case Box(body=body):
            if t in seen:
                return False
            seen.add(t)
            assert body is not None
            return _has_float(body, seen)
    return False


def quoted(text: str) -> str:
    """A string constant in the text form of the IR."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def symbol(name: str) -> str:
    """A name in the text form: bare where it can be, else between backquotes."""
    bare = name.replace("_", "a").replace(".", "a").replace("∂", "a").replace("▶", "a").replace("λ", "a")
    return name if bare.isalnum() and not name[0].isdigit() and name[0] != "." else f"`{name}`"
