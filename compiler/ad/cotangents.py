"""Cotangents while AD builds a graph: symbolic zeros, partial records, sums.

A cotangent (or tangent) in the making is

    None             zero, of any type
    a node           of type `cotangent(t)`
    {k: cotangent}   of a tuple or record: the items that are not zero

Zeros are dropped here, when the graph is made, and never found again by looking at a float; only where paths join does
one become 0.0 (`materialize`). Cotangents of unions and boxes are unions with `none` for zero: see
`abstract.cotangent`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tapeless.ir.abstract import FLOAT, NONE, Array, Box, Record, Tuple, Type, Union, cotangent, head, parts
from tapeless.ir.builder import Builder, constant
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.nodes import Constant, Graph, Node

Cotangent = Any
"""None | Node | dict[int, Cotangent]"""


def symbolic(c: Node | None) -> Node | None:
    """The cotangent of a float; the constant zero is None."""
    return None if isinstance(c, Constant) and c.value == 0.0 else c


def threaded(node: Node) -> bool:
    """Whether a node is an array, whose cotangent so far goes into what adds to it, and comes out of it."""
    return isinstance(node.type, Array)


def scaled(b: Builder, seed: Node, partial: Any, values: dict[int, Node], singular: bool) -> Node | None:
    """A cotangent (or tangent) times a partial derivative."""
    if isinstance(partial, (int, float)):
        if partial == 0.0:
            return None
        if partial == 1.0:
            return seed
        if partial == -1.0:
            return b.apply("gneg", seed)
    p = b.term(partial, values)
    return b.apply("gmul_guarded" if singular else "gmul", seed, p)


class Like(Protocol):
    """A value, or part of one, whose cotangent is meant: arrays in it have the sizes of its arrays."""

    def item(self, k: int) -> Like:
        """The k-th item of a tuple or record."""

    def sizes(self) -> Sequence[Node]:
        """The sizes of an array that are not 1, where its cotangent is made."""


def zero(b: Builder, type: Type, like: Like | None = None) -> Node:
    """The zero of a cotangent type; `like` is needed where it holds arrays."""
    match type:
        case Tuple(items=items) | Record(items=items):
            made = [zero(b, t, like and like.item(i)) for i, t in enumerate(items)]
            return b.tuple(made) if isinstance(type, Tuple) else b.apply("record", *made, type=type)
        case Union():
            return b.apply("inject", constant(None), type=type)
        case Array():
            if like is None:
                raise InternalError(f"ad: a zero of type {type} whose sizes are not known")
            return b.apply("zeros", *like.sizes(), type=type)
    return constant(0.0) if type == FLOAT else constant(None)


def materialize(b: Builder, ct: Cotangent, type: Type, like: Like | None = None) -> Node:
    """A cotangent as a node of a cotangent type."""
    if ct is None:
        return zero(b, type, like)
    if isinstance(ct, dict):
        assert isinstance(type, (Tuple, Record)), f"a record of cotangents is no {type}"
        items = [materialize(b, ct.get(i), t, like and like.item(i)) for i, t in enumerate(type.items)]
        return b.tuple(items) if isinstance(type, Tuple) else b.apply("record", *items, type=type)
    if ct.type != type:
        raise InternalError(f"ad: a cotangent of type {ct.type} where {type} is expected", ct.span)
    return ct  # type: ignore[no-any-return]


def item_of(b: Builder, ct: Cotangent, k: int) -> Cotangent:
    """The k-th item of the cotangent of a tuple or record."""
    if ct is None:
        return None
    if isinstance(ct, dict):
        return ct.get(k)
    return None if ct.type.items[k] == NONE else b.item(ct, k)


def add(b: Builder, x: Cotangent, y: Cotangent, sums: Sums) -> Cotangent:
    """The sum of two cotangents of one type."""
    if x is None or y is None:
        return x if y is None else y
    if isinstance(x, dict) or isinstance(y, dict):
        keys = [*x, *(k for k in y if k not in x)] if isinstance(x, dict) and isinstance(y, dict) else None
        if keys is None:
            whole = y if isinstance(x, dict) else x
            keys = list(range(len(whole.type.items)))
        out = {k: add(b, item_of(b, x, k), item_of(b, y, k), sums) for k in keys}
        return {k: v for k, v in out.items() if v is not None}
    return sums.add(b, x, y)


class Sums:
    """Sums of cotangent nodes; recursive types are added by a graph of their own, made once per type."""

    def __init__(self) -> None:
        self.graphs: dict[Type, Graph] = {}

    def add(self, b: Builder, x: Node, y: Node) -> Node:
        type = x.type
        match type:
            case Tuple(items=items):
                return b.tuple([self.add(b, b.item(x, i), b.item(y, i)) for i in range(len(items))])
            case Record(items=items):
                made = [self.add(b, b.item(x, i), b.item(y, i)) for i in range(len(items))]
                return b.apply("record", *made, type=type)
            case Union():
                return b.call(self._graph(type), [x, y], type)
            case Array():
                return b.apply("add_arrays", x, y)
        return b.apply("gadd", x, y) if type == FLOAT else constant(None)

    def _graph(self, type: Union) -> Graph:
        """add(x, y) of a union with none for zero: where both are there, they have one tag."""
        if type not in self.graphs:
            g = self.graphs[type] = Graph("gadd")
            g.total = True
            x, y = g.parameter("x", type), g.parameter("y", type)
            b = Builder(g)
            g.output = if_head(
                b,
                x,
                "none",
                type,
                lambda b: y,
                lambda b: if_head(
                    b,
                    y,
                    "none",
                    type,
                    lambda b: x,
                    lambda b: self._same_part(b, x, y, [p for p in type.parts if p != NONE]),
                ),
            )
        return self.graphs[type]

    def _same_part(self, b: Builder, x: Node, y: Node, left: list[Type]) -> Node:
        first, *rest = left
        type = x.type
        assert type is not None

        def both(b: Builder) -> Node:
            p, q = b.apply("project", x, type=first), b.apply("project", y, type=first)
            if isinstance(first, Box):
                total = self.add(b, b.apply("unbox", p), b.apply("unbox", q))
                return b.apply("inject", b.apply("box", total, type=first), type=type)
            return b.apply("inject", self.add(b, p, q), type=type)

        if not rest:
            return both(b)
        return if_head(b, x, head(first), type, both, lambda b: self._same_part(b, x, y, rest))


def if_head(b: Builder, u: Node, key: str, type: Type, then: Any, orelse: Any) -> Node:
    """switch(has_head(u, key), then, else): two functions from a builder to a node of `type`."""
    sides = []
    for name, run in (("then", then), ("else", orelse)):
        nb = b.nested(name)
        nb.graph.output = run(nb)
        sides.append(nb.graph)
    return b.switch(b.apply("has_head", u, constant(key)), sides[0], sides[1], type)


# -- unions and boxes -------------------------------------------------------------------------------------------------
def tag_of(part: Type) -> str:
    """The tag of a cotangent of one part of a union."""
    return f"∂[{head(part)}]"


def of_part(b: Builder, ct: Node, part: Type, like: Like | None = None) -> Cotangent:
    """From the cotangent of a union, that of one part: zero where the union held another."""
    want = cotangent(part)
    if want == NONE:
        return None
    wrapped = Record(tag_of(part), (want,))
    return if_head(
        b, ct, head(wrapped), want,
        lambda b: b.item(b.apply("project", ct, type=wrapped), 0), lambda b: zero(b, want, like),
    )  # fmt: skip


def to_union(b: Builder, ct: Cotangent, part: Type, whole: Type, like: Like | None = None) -> Cotangent:
    """From the cotangent of a part, that of the union that holds it."""
    want = cotangent(part)
    if want == NONE or ct is None:
        return None
    wrapped = Record(tag_of(part), (want,))
    made = materialize(b, ct, want, like)
    return b.apply("inject", b.apply("record", made, type=wrapped), type=cotangent(whole))


def between_unions(b: Builder, ct: Node, source: Type, target: Type) -> Cotangent:
    """The cotangent of one union as that of another: what it cannot hold is zero."""
    want = cotangent(target)
    if want == NONE:
        return None
    if cotangent(source) == want:
        return ct
    common = [p for p in parts(source) if any(head(p) == head(q) and cotangent(p) != NONE for q in parts(target))]

    def chain(b: Builder, left: list[Type]) -> Node:
        if not left:
            return zero(b, want)
        wrapped = Record(tag_of(left[0]), (cotangent(left[0]),))
        return if_head(
            b, ct, head(wrapped), want,
            lambda b: b.apply("inject", b.apply("project", ct, type=wrapped), type=want), lambda b: chain(b, left[1:]),
        )  # fmt: skip

    return chain(b, common)


def boxed_body(type: Type) -> tuple[Box, Record]:
    """The box, and its body, in the cotangent type `none | box` of a boxed type."""
    box = next(p for p in parts(cotangent(type)) if isinstance(p, Box))
    assert isinstance(box.body, Record)
    return box, box.body


def inside_box(b: Builder, ct: Node, type: Box, like: Like | None = None) -> Cotangent:
    """From the cotangent of a box, those of the items of its body; `like` is that body."""
    box, body = boxed_body(type)
    out: dict[int, Cotangent] = {}
    flat = Tuple(body.items)

    def items(b: Builder) -> Node:
        inner = b.apply("unbox", b.apply("project", ct, type=box))
        return b.tuple([b.item(inner, i) for i in range(len(body.items))])

    whole = if_head(b, ct, "none", flat, lambda b: zero(b, flat, like), items)
    for i, t in enumerate(body.items):
        if t != NONE:
            out[i] = b.item(whole, i)
    return out


def into_box(b: Builder, ct: Cotangent, type: Box, like: Like | None = None) -> Cotangent:
    """From the cotangents of the items of a box, that of the box; `like` is its body."""
    if ct is None:
        return None
    box, body = boxed_body(type)
    items = [materialize(b, item_of(b, ct, i), t, like and like.item(i)) for i, t in enumerate(body.items)]
    made = b.apply("box", b.apply("record", *items, type=body), type=box)
    return b.apply("inject", made, type=cotangent(type))
