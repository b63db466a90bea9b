"""Values with companions: f(x...) -> y becomes f'(x..., companions...) -> (y, companions...).

Beside each active value stand `count` values of its cotangent type: the coefficients of a Taylor series, or tangents in
several directions. This file knows where values go: through tuples, unions and boxes, branches, loops, calls and
recursion. What a primitive does to the companions of floats is the rule of a subclass (`scalar`).

A branch gives the companions of its result beside it, a loop carries those of its state, a call passes those of its
arguments. Zeros are symbolic (`cotangents.py`), also across calls: a function is made once for each pattern of
companions that are known to be zero or, as those of the variable itself, one. Where a recursion would change the
pattern, all of them become parameters.
"""

from __future__ import annotations

from collections.abc import Callable

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import Activity, differentiable
from tapeless.ad.copying import Map, branches, copy, image
from tapeless.ad.residuals import TUPLE
from tapeless.ad.reverse import refuse_location
from tapeless.ir.abstract import Box, Tuple, Type, Union, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes

Row = list[ct.Cotangent]
"""The companions of one value."""
Rows = dict[Node, Row]
Pattern = tuple[str, ...]
"""What is known of each companion of each parameter: '0' and '1' are known values, 'x' is a parameter."""


class Companions:
    """The functions of one program, each with companions for its values, made on demand."""

    def __init__(self, count: int, mark: str) -> None:
        self.count, self.mark = count, mark
        self.scopes = Scopes()
        self.graphs: dict[tuple[Graph, Pattern], Graph] = {}
        self.open: list[Graph] = []
        self.active: Activity

    def scalar(self, b: Builder, node: Apply, prim: Primitive, m: Map, rows: list[Row]) -> Row:
        """The rule of a primitive that is a function of floats; `rows` has the companions of its inputs."""
        raise NotImplementedError

    # -- functions --------------------------------------------------------------------------------------------------
    def call(self, b: Builder, g: Graph, args: list[Node], rows: list[Row]) -> tuple[Graph, list[Node]]:
        """The graph to call in place of g, and its arguments: companions that are not known behind the values."""
        pattern = tuple("".join(map(_known, row)) for row in rows)
        if g in self.open and (g, pattern) not in self.graphs:
            pattern = tuple("x" * self.count if _moves(marks) else marks for marks in pattern)
        given = [
            ct.materialize(b, c, _cotangent(p))
            for p, row, marks in zip(g.params, rows, pattern)
            for c, mark in zip(row, marks)
            if mark == "x"
        ]
        return self.graph(g, pattern), [*args, *given]

    def graph(self, g: Graph, pattern: Pattern) -> Graph:
        """(params..., companions...) -> (y, companions...), for those companions of parameters that are not known."""
        key = (g, pattern)
        if key in self.graphs:
            return self.graphs[key]
        out = self.graphs[key] = Graph(self.mark + g.name, span=g.span)
        out.finite, out.total = g.finite, g.total
        saved = getattr(self, "active", None)
        self.active = Activity(self.scopes, g, [p for p, marks in zip(g.params, pattern) if _moves(marks)])
        self.open.append(g)
        b = Builder(out, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        t: Rows = {}
        for p, marks in zip(g.params, pattern):
            t[p] = [
                self._parameter(out, p, k) if mark == "x" else constant(1.0) if mark == "1" else None
                for k, mark in enumerate(marks)
            ]
        self.nodes(b, self.scopes.schedule(g), m, t)
        out.output = b.tuple([image(m, g.output), *self._whole(b, t, g.output)])
        self.open.pop()
        if saved is not None:
            self.active = saved
        return out

    @staticmethod
    def _parameter(graph: Graph, p: Node, k: int) -> Node:
        return graph.parameter(f"d{k + 1}_{p.name}", _cotangent(p))  # type: ignore[attr-defined]

    def row(self, t: Rows, node: Node) -> Row:
        """The companions of a node: all zero, where it has none."""
        return t.get(node) or [None] * self.count

    def _whole(self, b: Builder, t: Rows, node: Node) -> list[Node]:
        return [ct.materialize(b, c, _cotangent(node)) for c in self.row(t, node)]

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
            elif isinstance(fn.value, Graph):
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


def _moves(marks: str) -> bool:
    return marks.strip("0") != ""


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
