"""Forward mode: f(x...) -> y becomes ▷f(x..., ẋ...) -> (y, ẏ...), with as many tangents per active value as directions.

No closures and no frames: a branch returns its tangents beside its value, a loop carries the tangents of its state.
Tangents have the types of cotangents and the same symbolic zeros. All directions are one pass: the primal and the
partial derivatives are computed once.
"""

from __future__ import annotations

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import Activity, differentiable
from tapeless.ad.copying import Map, branches, copy, image
from tapeless.ad.residuals import TUPLE
from tapeless.ad.reverse import refuse_location, scaled
from tapeless.ir.abstract import FLOAT, Box, Record, Tuple, Type, Union, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes


class Forward:
    """▷ of the functions of one program along a number of directions at once, made on demand."""

    def __init__(self, directions: int) -> None:
        self.directions = range(directions)
        self.scopes = Scopes()
        self.sums = ct.Sums()
        self.graphs: dict[tuple[Graph, str], Graph] = {}
        self.active: Activity

    def tangent(self, g: Graph, mask: str) -> Graph:
        """▷g by the parameters that have a 1 in the mask: (params..., tangents...) -> (y, ẏ...).

        The tangents of a parameter along all directions stand one after another.
        """
        key = (g, mask)
        if key in self.graphs:
            return self.graphs[key]
        out = self.graphs[key] = Graph("▷" + g.name, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        t = Tangents(self.directions)
        for p, bit in zip(g.params, mask):
            if bit == "1":
                t[p] = [out.parameter(f"d_{p.name}", cotangent(p.type)) for _ in self.directions]  # type: ignore[arg-type]
        b = self._body(g, mask, out, m, t)
        type = cotangent(g.output.type)  # type: ignore[arg-type]
        out.output = b.tuple([image(m, g.output), *(ct.materialize(b, d, type) for d in t.of(g.output))])
        return out

    def gradient(self, g: Graph, mask: str) -> Graph:
        """(params...) -> (y, x̄...) of a function with a float result; one direction for each float that it is by."""
        out = Graph("▷" + g.name, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        t = Tangents(self.directions)
        wanted = [p for p, bit in zip(g.params, mask) if bit == "1"]
        seeds = [(p, seed) for p in wanted for seed in unit_tangents(cotangent(p.type))]  # type: ignore[arg-type]
        for k, (p, seed) in enumerate(seeds):
            t[p] = [seed if j == k else d for j, d in enumerate(t.of(p))]
        b = self._body(g, mask, out, m, t)
        parts: list[Node] = [ct.materialize(b, d, FLOAT) for d in t.of(g.output)]
        cts = [assemble(b, cotangent(p.type), parts) for p in wanted]  # type: ignore[arg-type]
        out.output = b.tuple([image(m, g.output), *cts])
        return out

    def _body(self, g: Graph, mask: str, out: Graph, m: Map, t: Tangents) -> Builder:
        out.finite, out.total = g.finite, g.total
        saved = getattr(self, "active", None)
        self.active = Activity(self.scopes, g, [p for p, bit in zip(g.params, mask) if bit == "1"])
        b = Builder(out, span=g.span)
        self.nodes(b, self.scopes.schedule(g), m, t)
        if saved is not None:
            self.active = saved
        return b

    def nodes(self, b: Builder, nodes: list[Apply], m: Map, t: Tangents) -> None:
        """Emit nodes with their tangents."""
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
                t[node] = self._primitive(b, node, fn.value, m, t)

    def _effect(self, b: Builder, node: Apply, made: Apply) -> None:
        if node in node.graph.effects:
            b.graph.effects.append(made)

    def _call(self, b: Builder, node: Apply, g: Graph, m: Map, t: Tangents) -> None:
        mask = "".join("1" if a in self.active else "0" for a in node.args)
        dots = [
            ct.materialize(b, d, cotangent(a.type))  # type: ignore[arg-type]
            for a in node.args
            if a in self.active
            for d in t.of(a)
        ]
        args = (*(image(m, a) for a in node.args), *dots)
        made = Apply(b.graph, Constant(self.tangent(g, mask)), args, self._with_tangents(node), node.span)
        self._finish(b, node, made, m, t)

    def _with_tangents(self, node: Apply) -> Tuple:
        return Tuple((node.type, *(cotangent(node.type) for _ in self.directions)))  # type: ignore[arg-type]

    def _finish(self, b: Builder, node: Apply, made: Apply, m: Map, t: Tangents) -> None:
        """A call or a switch gives the value and its tangents."""
        self._effect(b, node, made)
        m[node], *t[node] = (b.item(made, i) for i in range(1 + len(self.directions)))

    def _switch(self, b: Builder, node: Apply, m: Map, t: Tangents) -> None:
        type = cotangent(node.type)  # type: ignore[arg-type]
        both = self._with_tangents(node)
        sides = []
        for g in branches(node):
            nb = b.nested(g.name)
            self.nodes(nb, self.scopes.schedule(g), m, t)
            y = (image(m, g.output), *(ct.materialize(nb, d, type) for d in t.of(g.output)))
            nb.graph.output = Apply(nb.graph, TUPLE, y, both, node.span)
            sides.append(Constant(nb.graph))
        made = Apply(b.graph, node.fn, (image(m, node.args[0]), *sides), both, node.span)
        self._finish(b, node, made, m, t)

    def _loop(self, b: Builder, node: Apply, graph: Graph, m: Map, t: Tangents) -> None:
        parts = loop_parts(graph, self.scopes)
        state = [i for i, p in enumerate(graph.params) if p in self.active and differentiable(p.type)]
        lb = b.nested("▷" + graph.name, "loop")
        lb.graph.finite, lb.graph.total = graph.finite, graph.total
        for p in graph.params:
            m[p] = lb.graph.parameter(p.name, p.type, p.span)
        for i in state:
            p = graph.params[i]
            t[p] = [lb.graph.parameter("d_" + p.name, cotangent(p.type)) for _ in self.directions]  # type: ignore[arg-type]
        self.nodes(lb, parts.head, m, t)
        sb = lb.nested("step")
        self.nodes(sb, parts.body, m, t)

        def dots(b: Builder, nodes: tuple[Node, ...]) -> list[Node]:
            types = [cotangent(p.type) for p in graph.params]  # type: ignore[arg-type]
            return [ct.materialize(b, d, types[i]) for i in state for d in t.of(nodes[i])]

        nexts = [*(image(m, n) for n in parts.nexts), *dots(sb, parts.nexts)]
        close_loop(lb, sb, image(m, parts.condition), nexts, node.span)
        init = [*(image(m, a) for a in node.args), *dots(b, node.args)]
        made = call_loop(b, lb.graph, init, node.span)
        count, k = len(graph.params), len(self.directions)
        m[node] = b.tuple([b.item(made, i) for i in range(count)])
        t[node] = [{i: b.item(made, count + n * k + j) for n, i in enumerate(state)} for j in self.directions]

    def _primitive(self, b: Builder, node: Apply, prim: Primitive, m: Map, t: Tangents) -> list[ct.Cotangent]:
        rule = getattr(self, "_" + prim.name, None)
        if rule is not None:
            return [rule(b, node, m, t.along(j)) for j in self.directions]
        assert prim.partials is not None, f"{prim} has no derivative"
        values = _Values(m, node)
        out: list[ct.Cotangent] = []
        for j in self.directions:
            total: ct.Cotangent = None
            for a, partial in zip(node.args, prim.partials):
                dot = t.of(a)[j]
                if dot is not None:
                    total = ct.add(b, total, scaled(b, dot, partial, values, prim.singular), self.sums)
            out.append(total)
        return out

    def _tuple(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        return {i: t.get(a) for i, a in enumerate(node.args) if t.get(a) is not None}

    _record = _tuple

    def _item(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        whole, k = node.args
        assert isinstance(k, Constant)
        return ct.item_of(b, t.get(whole), k.value)

    def _select(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        c, x, y = node.args
        type = cotangent(node.type)  # type: ignore[arg-type]
        return b.apply("select", image(m, c), ct.materialize(b, t.get(x), type), ct.materialize(b, t.get(y), type))

    def _inject(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        (x,) = node.args
        assert x.type is not None and node.type is not None
        if t.get(x) is None:
            return None
        if isinstance(x.type, Union):
            return ct.between_unions(b, self._whole(b, t.get(x), x.type), x.type, node.type)
        return ct.to_union(b, t.get(x), x.type, node.type)

    def _project(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        (u,) = node.args
        assert u.type is not None and node.type is not None
        if t.get(u) is None:
            return None
        if isinstance(node.type, Union):
            return ct.between_unions(b, t.get(u), u.type, node.type)
        return ct.of_part(b, t.get(u), node.type)

    def _box(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        assert isinstance(node.type, Box)
        return ct.into_box(b, t.get(node.args[0]), node.type)

    def _unbox(self, b: Builder, node: Apply, m: Map, t: Along) -> ct.Cotangent:
        (boxed,) = node.args
        assert isinstance(boxed.type, Box)
        return None if t.get(boxed) is None else ct.inside_box(b, t.get(boxed), boxed.type)

    @staticmethod
    def _whole(b: Builder, tangent: ct.Cotangent, type: Type) -> Node:
        return ct.materialize(b, tangent, cotangent(type))


class Tangents(dict[Node, list[ct.Cotangent]]):
    """The tangents of nodes, one for each direction."""

    def __init__(self, directions: range) -> None:
        super().__init__()
        self.directions = directions

    def of(self, node: Node) -> list[ct.Cotangent]:
        """The tangents of a node; a constant has none."""
        return self.get(node) or [None for _ in self.directions]

    def along(self, direction: int) -> Along:
        """The tangents along one direction."""
        return Along(self, direction)


class Along:
    """The tangents of nodes along one direction."""

    def __init__(self, tangents: Tangents, direction: int) -> None:
        self.tangents, self.direction = tangents, direction

    def get(self, node: Node) -> ct.Cotangent:
        return self.tangents.of(node)[self.direction]


def unit_tangents(type: Type) -> list[ct.Cotangent]:
    """One tangent for each float that a value of a cotangent type consists of."""
    if isinstance(type, (Tuple, Record)):
        return [{i: seed} for i, item in enumerate(type.items) for seed in unit_tangents(item)]
    return [constant(1.0)] if type == FLOAT else []


def assemble(b: Builder, type: Type, floats: list[Node]) -> Node:
    """A value of a cotangent type from its floats, which are taken off the front of the list."""
    if isinstance(type, Tuple):
        return b.tuple([assemble(b, t, floats) for t in type.items])
    if isinstance(type, Record):
        return b.apply("record", *[assemble(b, t, floats) for t in type.items], type=type)
    return floats.pop(0) if type == FLOAT else constant(None)


class _Values(dict[int, Node]):
    """The variables of a partial derivative, in the forward graph."""

    def __init__(self, m: Map, node: Apply) -> None:
        super().__init__()
        self.m, self.node = m, node

    def __missing__(self, i: int) -> Node:
        out = self[i] = image(self.m, self.node if i == 0 else self.node.args[i - 1])
        return out
