"""Making typed nodes: every application passes through here, and is folded, simplified and shared on the way.

A `Builder` appends to one graph. It numbers values: an application of a pure primitive to the same inputs that stands
in this graph or an enclosing one is found again. Passes do not rewrite graphs in place: they emit new ones through a
builder, so that every pass leaves simplified code and no stale use can exist.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import (
    BOOL,
    FLOAT,
    INT,
    NEVER,
    NONE,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Union,
    head,
    parts,
    union,
)
from tapeless.ir.diagnostics import Span
from tapeless.ir.matching import Found, all_fit, candidates
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, key_of
from tapeless.ir.primitive import REGISTRY, Primitive, Term, Var

_KINDS: dict[type, Type] = {bool: BOOL, int: INT, float: FLOAT}


def constant(value: Any, type: Type | None = None) -> Constant:
    """A typed constant node."""
    if type is None:
        if value is None:
            type = NONE
        elif isinstance(value, str):
            type = Str(value)
        elif value.__class__ in _KINDS:
            type = _KINDS[value.__class__]
        else:
            type = NEVER
    return Constant(value, type)


def undef(type: Type) -> Constant:
    """No value, of a type."""
    return Constant(UNDEF, type)


class Builder:
    """Appends typed nodes to `graph`; `outer` builds the enclosing graph. New nodes get the span `span`."""

    def __init__(self, graph: Graph, outer: Builder | None = None, span: Span | None = None) -> None:
        self.graph, self.outer = graph, outer
        self.span: Span | None = span if span is not None or outer is None else outer.span
        # applications by what they compute, in each graph that has one; all builders of a function share it
        self.numbers: dict[Any, dict[Graph, Node]] = {} if outer is None else outer.numbers
        # arrays with the sizes of another one, beyond those whose applications say so
        self.shapes: dict[Node, Node] = {} if outer is None else outer.shapes
        self.facts: dict[Any, bool] = {}  # conditions known to hold or not in this graph, by key
        self.loop_outer: Builder | None = None  # for a loop and its step: the builder outside the loop

    def nested(self, name: str, kind: str = "branch") -> Builder:
        """A builder for a new graph nested in this one."""
        return Builder(Graph(name, kind, self.graph, self.span), self)

    # -- pure applications ------------------------------------------------------------------------------------------
    def apply(self, name: str, *args: Node, type: Type | None = None) -> Node:
        """A pure primitive applied; `type` where the primitive does not say it."""
        prim = REGISTRY[name]
        if type is None:
            type = prim.type_of([a.type for a in args])  # type: ignore[misc]
            assert type is not None, f"{name} needs its type stated"
        if prim.commutes and isinstance(args[0], Constant) and not isinstance(args[1], Constant):
            args = (args[1], args[0])  # rules have constants on the right
        found = simplify(self, prim, args, type)
        if found is not None:
            return found
        key = (prim, type, *map(key_of, args))
        known = self._standing(key, args)
        if known is not None:
            return known
        node = Apply(self.graph, Constant(prim), args, type, self.span)
        self.numbers.setdefault(key, {})[self.graph] = node
        return node

    def known(self, prim: Primitive, args: tuple[Node, ...], type: Type) -> Node | None:
        """The application where it stands already, in this graph or an enclosing one."""
        return self._standing((prim, type, *map(key_of, args)), args)

    def _standing(self, key: tuple[Any, ...], args: tuple[Node, ...]) -> Node | None:
        """It stands in no graph outside of one that owns an argument."""
        prim, type, *inputs = key
        keys = [key]
        if prim.exact:
            keys.append((REGISTRY[prim.exact], type, *inputs))
        if prim.commutes and inputs[0] is not inputs[1]:
            keys += [(key[0], type, *inputs[::-1]) for key in keys]
        places = [self.numbers[key] for key in keys if key in self.numbers]
        if not places:
            return None
        owners = [a.graph for a in args if a.__class__ is not Constant]  # type: ignore[attr-defined]
        scope: Builder | None = self
        while scope is not None:
            for place in places:
                if scope.graph in place:
                    return place[scope.graph]
            if scope.graph in owners:
                break
            scope = scope.outer
        return None

    def item(self, t: Node, k: int) -> Node:
        """The k-th item of a tuple or record."""
        assert isinstance(t.type, (Tuple, Record)), f"item of {t.type}"
        return self.apply("item", t, constant(k), type=t.type.items[k])

    def tuple(self, items: list[Node]) -> Node:
        return self.apply("tuple", *items)

    # -- effects ----------------------------------------------------------------------------------------------------
    def effect(self, name: str, *args: Node, type: Type = NONE) -> Apply:
        """An application with an effect, after all that stands so far."""
        node = Apply(self.graph, Constant(REGISTRY[name]), args, type, self.span)
        self.graph.effects.append(node)
        return node

    def check(self, ok: Node, exception: str, message: str, *values: Node) -> None:
        """Raise unless ok; nothing where ok is known to hold."""
        if not (isinstance(ok, Constant) and ok.value is True):
            self.effect("check", ok, constant(exception), constant(message), *values)

    def call(self, graph: Graph, args: list[Node], type: Type) -> Apply:
        """A call; it counts as an effect unless the callee is total."""
        node = Apply(self.graph, Constant(graph), tuple(args), type, self.span)
        if not graph.total:
            self.graph.effects.append(node)
        return node

    def switch(self, condition: Node, then: Graph, orelse: Graph, type: Type) -> Node:
        """Run one of two branches; an effect if one of them has effects."""
        args = (condition, Constant(then), Constant(orelse))
        node = Apply(self.graph, Constant(REGISTRY["switch"]), args, type, self.span)
        if then.effects or orelse.effects:
            self.graph.effects.append(node)
        return node

    # -- terms ------------------------------------------------------------------------------------------------------
    def term(self, t: Any, variables: dict[int, Node]) -> Node:
        """A term of `ir/primitive.py` with its variables replaced by nodes."""
        match t:
            case Term(primitive=p, args=args):
                return self.apply(p.name, *(self.term(a, variables) for a in args))
            case Var(index=i):
                return variables[i]
        return constant(t)


def is_primitive(node: Node, name: str) -> bool:
    """Whether a node is an application of the primitive of that name."""
    return isinstance(node, Apply) and isinstance(node.fn, Constant) and node.fn.value is REGISTRY[name]


def primitive_of(node: Node) -> Primitive | None:
    """The primitive that a node applies, if it does."""
    if isinstance(node, Apply) and isinstance(node.fn, Constant) and isinstance(node.fn.value, Primitive):
        return node.fn.value
    return None


def simplify(b: Builder, prim: Primitive, args: tuple[Node, ...], type: Type) -> Node | None:
    """A node that an application equals, without making it; None if there is no simpler one."""
    if prim.evaluate is not None and isinstance(type, Scalar) and args:
        values = [a.value for a in args if isinstance(a, Constant) and a.value is not UNDEF]
        if len(values) == len(args):
            return constant(prim.evaluate(*values), type)
    structural = _STRUCTURAL.get(prim.name) or prim.fold
    if structural is not None:
        return structural(b, args, type)  # type: ignore[no-any-return, no-untyped-call]
    for rule, pattern in candidates(prim, args):
        found: Found = {}
        if all_fit(pattern, args, found):
            if rule.grade == "exact":
                return b.term(rule.replacement, found)
            known = _known(b, rule.replacement, found)
            if known is not None:
                return known
    return None


def _known(b: Builder, t: Any, found: Found) -> Node | None:
    """A term of floats where all of it stands already."""
    if not isinstance(t, Term):
        return found[t.index] if isinstance(t, Var) else constant(t)
    args = [_known(b, a, found) for a in t.args]
    return None if None in args else b.known(t.primitive, tuple(args), FLOAT)  # type: ignore[arg-type]


# -- structure: what tuples, unions and boxes cancel ------------------------------------------------------------------
def _item(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    t, k = args
    assert isinstance(k, Constant)
    if is_primitive(t, "tuple") or is_primitive(t, "record"):
        return t.args[k.value]  # type: ignore[attr-defined, no-any-return]
    if isinstance(t, Constant) and t.value is UNDEF:
        return undef(type)
    return constant(None) if type == NONE else constant(type.value) if isinstance(type, Str) else None


def _tuple(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    """tuple(item(t, 0), item(t, 1)) is t."""
    if not args or not is_primitive(args[0], "item"):
        return None
    source = args[0].args[0]  # type: ignore[attr-defined]
    if source.type != type:
        return None
    for i, a in enumerate(args):
        if not (is_primitive(a, "item") and a.args[0] is source and a.args[1].value == i):  # type: ignore[attr-defined]
            return None
    return source  # type: ignore[no-any-return]


def _unbox(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    return args[0].args[0] if is_primitive(args[0], "box") else None  # type: ignore[attr-defined]


def _project(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    (u,) = args
    if u.type == type:
        return u
    if type == NONE:
        return constant(None)
    if is_primitive(u, "inject"):
        return _reproject(b, u.args[0], type)  # type: ignore[attr-defined]
    return undef(type) if isinstance(u, Constant) and u.value is UNDEF else None


def _reproject(b: Builder, inner: Node, type: Type) -> Node:
    """project(inject(inner)): what inner and the target have in common goes from the one to the other."""
    assert inner.type is not None
    if inner.type == type:
        return inner
    wanted = {head(p) for p in parts(type)}
    common = union([p for p in parts(inner.type) if head(p) in wanted])
    if common == NEVER:
        return undef(type)
    if common != inner.type:
        inner = b.apply("project", inner, type=common)
    return inner if common == type else b.apply("inject", inner, type=type)


def _inject(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    (x,) = args
    if x.type == type:
        return x
    if is_primitive(x, "inject"):
        return b.apply("inject", x.args[0], type=type)  # type: ignore[attr-defined]
    return undef(type) if isinstance(x, Constant) and x.value is UNDEF else None


def _has_head(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    u, key = args
    assert isinstance(key, Constant) and u.type is not None
    if is_primitive(u, "inject"):
        return b.apply("has_head", u.args[0], key)  # type: ignore[attr-defined]
    if not isinstance(u.type, Union):
        return constant(u.type != NEVER and head(u.type) == key.value)
    if all(head(p) != key.value for p in u.type.parts):
        return constant(False)
    return None


def _select(b: Builder, args: tuple[Node, ...], type: Type) -> Node | None:
    c, x, y = args
    if isinstance(c, Constant) and c.value is not UNDEF:
        return x if c.value else y
    return x if key_of(x) == key_of(y) else None


_STRUCTURAL = {
    "item": _item,
    "tuple": _tuple,
    "record": _tuple,
    "unbox": _unbox,
    "project": _project,
    "inject": _inject,
    "has_head": _has_head,
    "select": _select,
    "box": lambda b, args, type: None,
}
