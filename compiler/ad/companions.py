"""Values with companions: f(x...) -> y becomes f'(x..., companions...) -> (y, companions...).

Beside each active value stand `count` values of its cotangent type: the coefficients of a Taylor series, or tangents in
several directions. This file knows where values go: through tuples, unions and boxes, branches, loops, calls and
recursion. What a primitive does to the companions of floats is the rule of a subclass (`scalar`).

A branch gives the companions of its result beside it, a loop carries those of its state, a call passes those of its
arguments. Zeros are symbolic (`cotangents.py`), also across calls: a graph is made for a pattern of companions that are
known to be zero or, as those of the variable itself, one. A call that knows less than those before it gets a graph that
knows only what all of them do. So a recursion ends up with one graph, however many companions there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import Activity, differentiable
from tapeless.ad.copying import TUPLE, Map, branches, copy, image
from tapeless.ad.refusals import refuse_arrays, refuse_location
from tapeless.ir.abstract import Box, Tuple, Type, Union, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes

Row = list[ct.Cotangent]
"""The companions of one value."""
Rows = dict[Node, Row]
Pattern = tuple[str, ...]
"""What is known of each companion of each parameter: '0' and '1' are known values, 'x' is a parameter."""
MOST = 3
"""For one function and choice of active parameters this many graphs are made; the last of them knows nothing."""


class Companions(ABC):
    """The functions of one program, each with companions for its values, made on demand."""

    def __init__(self, count: int, mark: str) -> None:
        self.count, self.mark = count, mark
        self.scopes = Scopes()
        self.graphs: dict[tuple[Graph, Pattern], Graph] = {}
        self.patterns: dict[tuple[Graph, Pattern], list[Pattern]] = {}
        self.active: Activity

    @abstractmethod
    def scalar(self, b: Builder, node: Apply, prim: Primitive, m: Map, rows: list[Row]) -> Row:
        """The rule of a primitive that is a function of floats; `rows` has the companions of its inputs."""

    # -- functions --------------------------------------------------------------------------------------------------
    def call(self, b: Builder, g: Graph, args: list[Node], rows: list[Row]) -> tuple[Graph, list[Node]]:
        """The graph to call in place of g, and its arguments: companions that are not known behind the values."""
        pattern = self._pattern(g, tuple("".join(map(_known, row)) for row in rows))
        given = [
            ct.materialize(b, c, _cotangent(p))
            for p, row, marks in zip(g.params, rows, pattern)
            for c, mark in zip(row, marks)
            if mark == "x"
        ]
        return self.graphs[g, pattern], [*args, *given]

    def _pattern(self, g: Graph, given: Pattern) -> Pattern:
        """The pattern of the graph for a call: of what the last one for g knows, that which is true of this call too.

        A graph that calls itself with less is replaced before it is done; the call from outside gets the last one.
        """
        nothing = tuple("x" * self.count if marks.strip("0") else marks for marks in given)
        made = self.patterns.setdefault((g, nothing), [])
        pattern = _common(made[-1], given) if made else given
        if pattern not in made:
            made.append(pattern if len(made) + 1 < MOST else nothing)
            self._make(g, made[-1])
        return made[-1]

    def _make(self, g: Graph, pattern: Pattern) -> None:
        """(params..., companions...) -> (y, companions...), for those companions of parameters that are not known."""
        out = self.graphs[g, pattern] = Graph(self.mark + g.name, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        t: Rows = {}
        for p, marks in zip(g.params, pattern):
            t[p] = [
                self._parameter(out, p, k) if mark == "x" else constant(1.0) if mark == "1" else None
                for k, mark in enumerate(marks)
            ]
        b = self.body(g, out, m, t)
        out.output = b.tuple([image(m, g.output), *self._of_type(b, t, g.output, g.output)])

    def body(self, g: Graph, out: Graph, m: Map, t: Rows) -> Builder:
        """Emit all of g into another graph, where its parameters and their companions are given."""
        out.finite, out.total = g.finite, g.total
        saved = getattr(self, "active", None)
        self.active = Activity(self.scopes, g, [p for p in g.params if any(c is not None for c in self.row(t, p))])
        b = Builder(out, span=g.span)
        self.nodes(b, self.scopes.schedule(g), m, t)
        if saved is not None:
            self.active = saved
        return b

    def _parameter(self, graph: Graph, p: Parameter, k: int) -> Parameter:
        """d_x; of several companions d1_x, d2_x, ..."""
        number = k + 1 if self.count > 1 else ""
        return graph.parameter(f"d{number}_{p.name}", _cotangent(p))

    def row(self, t: Rows, node: Node) -> Row:
        """The companions of a node: all zero, where it has none."""
        return t.get(node) or [None] * self.count

    # -- nodes ------------------------------------------------------------------------------------------------------
    def nodes(self, b: Builder, nodes: list[Apply], m: Map, t: Rows) -> None:
        """Emit nodes with their companions."""
        for node in nodes:
            fn = node.fn
            assert isinstance(fn, Constant)
            b.span = node.span or b.span
            if node not in self.active:
                refuse_location(node)
                m[node] = copy(b, self.scopes, node, m)
                continue
            refuse_arrays((node, *node.args), node.span)
            if isinstance(fn.value, Graph):
                if fn.value.kind == "loop":
                    self._loop(b, node, fn.value, m, t)
                else:
                    self._call(b, node, fn.value, m, t)
            elif fn.value.name == "switch":
                self._switch(b, node, m, t)
            else:
                m[node] = copy(b, self.scopes, node, m)
                rows = [self.row(t, a) for a in node.args]
                moved = _MOVES.get(fn.value.name)
                if moved is None:
                    t[node] = self.scalar(b, node, fn.value, m, rows)
                else:
                    t[node] = [moved(b, node, m, [row[k] for row in rows]) for k in range(self.count)]

    def _effect(self, b: Builder, node: Apply, made: Apply) -> None:
        if node in node.graph.effects:
            b.graph.effects.append(made)

    def _call(self, b: Builder, node: Apply, g: Graph, m: Map, t: Rows) -> None:
        rows = [self.row(t, a) for a in node.args]
        callee, args = self.call(b, g, [image(m, a) for a in node.args], rows)
        type = Tuple((node.type, *[_cotangent(node)] * self.count))  # type: ignore[arg-type]
        made = Apply(b.graph, Constant(callee), tuple(args), type, node.span)
        self._effect(b, node, made)
        m[node], t[node] = b.item(made, 0), [b.item(made, 1 + k) for k in range(self.count)]

    def _switch(self, b: Builder, node: Apply, m: Map, t: Rows) -> None:
        sides = []
        for g in branches(node):
            nb = b.nested(g.name)
            self.nodes(nb, self.scopes.schedule(g), m, t)
            sides.append((nb, g.output, self.row(t, g.output)))
        kept = [k for k in range(self.count) if any(row[k] is not None for *_, row in sides)]
        type = Tuple((node.type, *[_cotangent(node)] * len(kept)))  # type: ignore[arg-type]
        for nb, output, row in sides:
            items = [image(m, output), *(ct.materialize(nb, row[k], _cotangent(node)) for k in kept)]
            nb.graph.output = Apply(nb.graph, TUPLE, tuple(items), type, node.span)
        args = (image(m, node.args[0]), *(Constant(nb.graph) for nb, *_ in sides))
        made = Apply(b.graph, node.fn, args, type, node.span)
        self._effect(b, node, made)
        m[node], t[node] = b.item(made, 0), [None] * self.count
        for i, k in enumerate(kept):
            t[node][k] = b.item(made, 1 + i)

    def _loop(self, b: Builder, node: Apply, graph: Graph, m: Map, t: Rows) -> None:
        parts = loop_parts(graph, self.scopes)
        state = [i for i, p in enumerate(graph.params) if p in self.active and differentiable(p.type)]
        lb = b.nested(self.mark + graph.name, "loop")
        lb.graph.finite, lb.graph.total = graph.finite, graph.total
        for p in graph.params:
            m[p] = lb.graph.parameter(p.name, p.type, p.span)
        for i in state:
            t[graph.params[i]] = [self._parameter(lb.graph, graph.params[i], k) for k in range(self.count)]
        self.nodes(lb, parts.head, m, t)
        sb = lb.nested("step")
        self.nodes(sb, parts.body, m, t)

        def companions(b: Builder, nodes: tuple[Node, ...]) -> list[Node]:
            return [c for i in state for c in self._of_type(b, t, nodes[i], graph.params[i])]

        nexts = [*(image(m, n) for n in parts.nexts), *companions(sb, parts.nexts)]
        close_loop(lb, sb, image(m, parts.condition), nexts, node.span)
        init = [*(image(m, a) for a in node.args), *companions(b, node.args)]
        made = call_loop(b, lb.graph, init, node.span)
        size = len(graph.params)
        m[node] = b.tuple([b.item(made, i) for i in range(size)])
        t[node] = [
            {i: b.item(made, size + at * self.count + k) for at, i in enumerate(state)} for k in range(self.count)
        ]

    def _of_type(self, b: Builder, t: Rows, node: Node, like: Node) -> list[Node]:
        return [ct.materialize(b, c, _cotangent(like)) for c in self.row(t, node)]


def _known(companion: ct.Cotangent) -> str:
    if companion is None:
        return "0"
    return "1" if isinstance(companion, Constant) and companion.value == 1.0 else "x"


def _common(one: Pattern, other: Pattern) -> Pattern:
    """What two patterns both know."""
    return tuple("".join(a if a == b else "x" for a, b in zip(p, q)) for p, q in zip(one, other))


def _cotangent(node: Node) -> Type:
    assert node.type is not None
    return cotangent(node.type)


# -- what only moves values: each companion moves with its value, apart from the others --------------------------------
def _tuple(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    return {i: c for i, c in enumerate(inputs) if c is not None} or None


def _item(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    k = node.args[1]
    assert isinstance(k, Constant)
    return ct.item_of(b, inputs[0], k.value)


def _select(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    _, x, y = inputs
    if x is None and y is None:
        return None
    type = _cotangent(node)
    return b.apply("select", image(m, node.args[0]), ct.materialize(b, x, type), ct.materialize(b, y, type))


def _inject(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    (x,), (c,) = node.args, inputs
    assert x.type is not None and node.type is not None
    if c is None:
        return None
    if isinstance(x.type, Union):
        return ct.between_unions(b, ct.materialize(b, c, _cotangent(x)), x.type, node.type)
    return ct.to_union(b, c, x.type, node.type)


def _project(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    (u,), (c,) = node.args, inputs
    assert u.type is not None and node.type is not None
    if c is None:
        return None
    return ct.between_unions(b, c, u.type, node.type) if isinstance(node.type, Union) else ct.of_part(b, c, node.type)


def _box(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    assert isinstance(node.type, Box)
    return ct.into_box(b, inputs[0], node.type)


def _unbox(b: Builder, node: Apply, m: Map, inputs: Row) -> ct.Cotangent:
    (boxed,), (c,) = node.args, inputs
    assert isinstance(boxed.type, Box)
    return None if c is None else ct.inside_box(b, c, boxed.type)


_MOVES: dict[str, Callable[[Builder, Apply, Map, Row], ct.Cotangent]] = {
    "tuple": _tuple, "record": _tuple, "item": _item, "select": _select, "inject": _inject, "project": _project,
    "box": _box, "unbox": _unbox,
}  # fmt: skip
