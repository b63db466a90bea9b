"""Forward mode: f(x...) -> y becomes ▷f(x..., ẋ...) -> (y, ẏ), with one tangent per active parameter.

No closures and no frames: a branch returns its tangent beside its value, a loop carries the tangents of its state.
Tangents have the types of cotangents and the same symbolic zeros.
"""

from __future__ import annotations

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import Activity, differentiable
from tapeless.ad.copying import Map, branches, copy, image
from tapeless.ad.region import TUPLE
from tapeless.ad.reverse import refuse_location, scaled
from tapeless.ir.abstract import Box, Tuple, Type, Union, cotangent
from tapeless.ir.builder import Builder
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes

Tangents = dict[Node, ct.Cotangent]


class Forward:
    """▷ of the functions of one program, made on demand."""

    def __init__(self) -> None:
        self.scopes = Scopes()
        self.sums = ct.Sums()
        self.graphs: dict[tuple[Graph, str], Graph] = {}
        self.active: Activity

    def tangent(self, g: Graph, mask: str) -> Graph:
        """▷g by the parameters that have a 1 in the mask: (params..., tangents...) -> (y, ẏ)."""
        key = (g, mask)
        if key in self.graphs:
            return self.graphs[key]
        out = self.graphs[key] = Graph("▷" + g.name, span=g.span)
        out.finite, out.total = g.finite, g.total
        saved = getattr(self, "active", None)
        self.active = Activity(self.scopes, g, [p for p, bit in zip(g.params, mask) if bit == "1"])
        b = Builder(out, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        t: Tangents = {}
        for p, bit in zip(g.params, mask):
            if bit == "1":
                t[p] = out.parameter("d_" + p.name, cotangent(p.type))  # type: ignore[arg-type]
        self.nodes(b, self.scopes.schedule(g), m, t)
        type = cotangent(g.output.type)  # type: ignore[arg-type]
        out.output = b.tuple([image(m, g.output), ct.materialize(b, t.get(g.output), type)])
        if saved is not None:
            self.active = saved
        return out

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
        dots = [ct.materialize(b, t.get(a), cotangent(a.type)) for a in node.args if a in self.active]  # type: ignore[arg-type]
        args = (*(image(m, a) for a in node.args), *dots)
        both = Tuple((node.type, cotangent(node.type)))  # type: ignore[arg-type]
        made = Apply(b.graph, Constant(self.tangent(g, mask)), args, both, node.span)
        self._effect(b, node, made)
        m[node], t[node] = b.item(made, 0), b.item(made, 1)

    def _switch(self, b: Builder, node: Apply, m: Map, t: Tangents) -> None:
        type = cotangent(node.type)  # type: ignore[arg-type]
        sides = []
        for g in branches(node):
            nb = b.nested(g.name)
            self.nodes(nb, self.scopes.schedule(g), m, t)
            y = (image(m, g.output), ct.materialize(nb, t.get(g.output), type))
            nb.graph.output = Apply(nb.graph, TUPLE, y, Tuple((node.type, type)), node.span)  # type: ignore[arg-type]
            sides.append(Constant(nb.graph))
        made = Apply(b.graph, node.fn, (image(m, node.args[0]), *sides), Tuple((node.type, type)), node.span)  # type: ignore[arg-type]
        self._effect(b, node, made)
        m[node], t[node] = b.item(made, 0), b.item(made, 1)

    def _loop(self, b: Builder, node: Apply, graph: Graph, m: Map, t: Tangents) -> None:
        parts = loop_parts(graph, self.scopes)
        state = [i for i, p in enumerate(graph.params) if p in self.active and differentiable(p.type)]
        lb = b.nested("▷" + graph.name, "loop")
        lb.graph.finite, lb.graph.total = graph.finite, graph.total
        for p in graph.params:
            m[p] = lb.graph.parameter(p.name, p.type, p.span)
        for i in state:
            p = graph.params[i]
            t[p] = lb.graph.parameter("d_" + p.name, cotangent(p.type))  # type: ignore[arg-type]
        self.nodes(lb, parts.head, m, t)
        sb = lb.nested("step")
        self.nodes(sb, parts.body, m, t)

        def dots(b: Builder, nodes: tuple[Node, ...]) -> list[Node]:
            return [ct.materialize(b, t.get(nodes[i]), cotangent(graph.params[i].type)) for i in state]  # type: ignore[arg-type]

        nexts = [*(image(m, n) for n in parts.nexts), *dots(sb, parts.nexts)]
        close_loop(lb, sb, image(m, parts.condition), nexts, node.span)
        init = [*(image(m, a) for a in node.args), *dots(b, node.args)]
        made = call_loop(b, lb.graph, init, node.span)
        count = len(graph.params)
        m[node] = b.tuple([b.item(made, i) for i in range(count)])
        t[node] = {i: b.item(made, count + k) for k, i in enumerate(state)}

    def _primitive(self, b: Builder, node: Apply, prim: Primitive, m: Map, t: Tangents) -> ct.Cotangent:
        rule = getattr(self, "_" + prim.name, None)
        if rule is not None:
            return rule(b, node, m, t)
        assert prim.partials is not None, f"{prim} has no derivative"
        values = _Values(m, node)
        total: ct.Cotangent = None
        for a, partial in zip(node.args, prim.partials):
            dot = t.get(a)
            if dot is not None:
                total = ct.add(b, total, scaled(b, dot, partial, values, prim.singular), self.sums)
        return total

    def _tuple(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        return {i: t[a] for i, a in enumerate(node.args) if t.get(a) is not None}

    _record = _tuple

    def _item(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        whole, k = node.args
        assert isinstance(k, Constant)
        return ct.item_of(b, t.get(whole), k.value)

    def _select(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        c, x, y = node.args
        type = cotangent(node.type)  # type: ignore[arg-type]
        return b.apply("select", image(m, c), ct.materialize(b, t.get(x), type), ct.materialize(b, t.get(y), type))

    def _inject(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        (x,) = node.args
        assert x.type is not None and node.type is not None
        if t.get(x) is None:
            return None
        if isinstance(x.type, Union):
            return ct.between_unions(b, self._whole(b, t[x], x.type), x.type, node.type)
        return ct.to_union(b, t[x], x.type, node.type)

    def _project(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        (u,) = node.args
        assert u.type is not None and node.type is not None
        if t.get(u) is None:
            return None
        if isinstance(node.type, Union):
            return ct.between_unions(b, t[u], u.type, node.type)
        return ct.of_part(b, t[u], node.type)

    def _box(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        assert isinstance(node.type, Box)
        return ct.into_box(b, t.get(node.args[0]), node.type)

    def _unbox(self, b: Builder, node: Apply, m: Map, t: Tangents) -> ct.Cotangent:
        (boxed,) = node.args
        assert isinstance(boxed.type, Box)
        return None if t.get(boxed) is None else ct.inside_box(b, t[boxed], boxed.type)

    @staticmethod
    def _whole(b: Builder, tangent: ct.Cotangent, type: Type) -> Node:
        return ct.materialize(b, tangent, cotangent(type))


class _Values(dict[int, Node]):
    """The variables of a partial derivative, in the forward graph."""

    def __init__(self, m: Map, node: Apply) -> None:
        super().__init__()
        self.m, self.node = m, node

    def __missing__(self, i: int) -> Node:
        out = self[i] = image(self.m, self.node if i == 0 else self.node.args[i - 1])
        return out
