"""Expansion: the primitives gradient, vjp, pull, jvp and taylor become calls of derivative graphs, innermost first.

A graph under a derivative is first made plain itself (with its own inner derivatives expanded and simplified), then
differentiated. So at the time of each transformation there is nothing but direct calls, branches and loops. The type of
a pullback, a name until now, becomes a record of its residuals everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import factorial
from typing import TYPE_CHECKING

from tapeless.ad import mode
from tapeless.ad.companions import Companions, Row
from tapeless.ad.copying import image
from tapeless.ad.cotangents import materialize, symbolic, zero
from tapeless.ad.nested import Chain, nested_order
from tapeless.ad.pullbacks import Given, pulled
from tapeless.ad.refusals import refuse_by_array
from tapeless.ad.units import assemble, unit_tangents
from tapeless.ir.abstract import FLOAT, NONE, Box, Cell, Pullback, Record, Tuple, Type, Union, cotangent, union
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nests import copied, nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.traverse import Scopes, all_nodes, reachable

if TYPE_CHECKING:
    from tapeless.ad.forward import Forward
    from tapeless.ad.reverse import Reverse
    from tapeless.ad.taylor import Taylor


def has_derivatives(root: Graph) -> bool:
    """Whether a program still applies derivative primitives."""
    return any(_derivative(node) for node in all_nodes(root))


def _derivative(node: Node) -> bool:
    fn = node.fn if isinstance(node, Apply) else None
    return isinstance(fn, Constant) and isinstance(fn.value, Primitive) and fn.value.name in DERIVATIVES


def expand(root: Graph, optimize: Callable[[Graph], Graph]) -> Graph:
    """A program without derivative primitives; `optimize` simplifies each graph before it is differentiated."""
    return _Expansion(optimize).program(root)


class _Expansion:
    def __init__(self, optimize: Callable[[Graph], Graph]) -> None:
        self.optimize = optimize
        self.scopes = Scopes()
        self.plain: dict[Graph, Graph] = {}
        self.new: dict[Graph, Graph] = {}
        self.todo: list[Graph] = []
        self._forward: dict[int, Forward] = {}
        self.gradients: dict[tuple[Graph, str], Graph] = {}
        self._taylors: dict[int, Taylor] = {}
        self.linears: dict[tuple[Graph, str], Graph] = {}
        self.boxes: set[Box] = set()

    # -- the modes, each loaded when a program wants it ---------------------------------------------------------------
    @cached_property
    def reverse(self) -> Reverse:
        """Adjoints."""
        from tapeless.ad.reverse import Reverse

        return Reverse()

    def forward(self, directions: int) -> Forward:
        """Tangents along a number of directions."""
        from tapeless.ad.forward import Forward

        if directions not in self._forward:
            self._forward[directions] = Forward(directions)
        return self._forward[directions]

    def taylor(self, order: int) -> Taylor:
        """Series of an order."""
        from tapeless.ad.taylor import Taylor

        if order not in self._taylors:
            self._taylors[order] = Taylor(order)
        return self._taylors[order]

    # -- programs and graphs ------------------------------------------------------------------------------------------
    def program(self, root: Graph) -> Graph:
        for g in reachable(root):  # first what pullbacks keep, so that every type can be rewritten
            for node in self.scopes.schedule(g):
                if _derivative(node) and node.fn.value.name == "vjp":  # type: ignore[attr-defined]
                    graph, mask = node.args[:2]
                    adjoint = self.reverse.adjoint(self.inner(graph.value), mask.value)  # type: ignore[attr-defined]
                    node.type.items[1].residual = adjoint.pullback  # type: ignore[union-attr]
        out = self.function(root)
        while self.todo:
            g = self.todo.pop()
            self.body(g, self.new[g])
        return out

    def function(self, g: Graph) -> Graph:
        if g not in self.new:
            new = self.new[g] = Graph(g.name, "function", None, g.span)
            new.total, new.finite = g.total, g.finite
            for p in g.params:
                new.parameter(p.name, p.type, p.span)
            self.todo.append(g)
        return self.new[g]

    def body(self, g: Graph, new: Graph) -> None:
        m: dict[Node, Node] = dict(zip(g.params, new.params))
        b = Builder(new, span=g.span)
        self.nodes(b, self.scopes.schedule(g), m)
        new.output = self.get(m, g.output)
        for p in new.params:
            p.type = self.type(p.type)  # type: ignore[arg-type]

    def inner(self, g: Graph) -> Graph:
        """A graph under a derivative, plain and simplified."""
        if g not in self.plain:
            self.plain[g] = self.optimize(expand(g, self.optimize)) if has_derivatives(g) else g
        return self.plain[g]

    def nodes(self, b: Builder, nodes: list[Apply], m: dict[Node, Node]) -> None:
        for node in nodes:
            b.span = node.span or b.span
            made = self.node(b, node, m)
            m[node] = made

    def get(self, m: dict[Node, Node], node: Node) -> Node:
        return Constant(node.value, self.type(node.type), node.span) if isinstance(node, Constant) else m[node]

    def node(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        fn = node.fn
        assert isinstance(fn, Constant)
        if _derivative(node):
            return getattr(self, "_" + fn.value.name)(b, node, m)  # type: ignore[no-any-return]
        type = self.type(node.type)
        if isinstance(fn.value, Graph):
            args = [self.get(m, a) for a in node.args]
            if fn.value.kind == "function":
                return self.made(b, node, Constant(self.function(fn.value)), args, type)
            parts = loop_parts(fn.value, self.scopes)
            lb = b.nested(fn.value.name, "loop")
            lb.graph.finite, lb.graph.total = fn.value.finite, fn.value.total
            for p in fn.value.params:
                m[p] = lb.graph.parameter(p.name, self.type(p.type), p.span)
            self.nodes(lb, parts.head, m)
            sb = lb.nested("step")
            self.nodes(sb, parts.body, m)
            close_loop(lb, sb, image(m, parts.condition), [self.get(m, n) for n in parts.nexts], node.span)
            return call_loop(b, lb.graph, args, node.span)
        if fn.value.name == "nest":
            return self.nest(b, node, m)
        args = []
        for a in node.args:
            if isinstance(a, Constant) and isinstance(a.value, Graph):
                nb = b.nested(a.value.name)
                self.nodes(nb, self.scopes.schedule(a.value), m)
                nb.graph.output = self.get(m, a.value.output)
                args.append(Constant(nb.graph))
            else:
                args.append(self.get(m, a))  # type: ignore[arg-type]
        if fn.value.name == "has_head" and args[1].value.startswith("pullback "):  # type: ignore[attr-defined]
            args[1] = constant("record " + args[1].value.replace(" ", "."))  # type: ignore[attr-defined]
        return self.made(b, node, fn, args, type)

    def nest(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        """A copy of a nest."""
        parts = nest_parts(node)

        def body(inner: Builder, params: list[Parameter]) -> list[Node]:
            m.update(zip(parts.map.params, params))
            self.nodes(inner, self.scopes.schedule(parts.map), m)
            return [self.get(m, r) for r in parts.results]

        return copied(b, node, [self.get(m, a) for a in parts.arrays], body)

    @staticmethod
    def made(b: Builder, node: Apply, fn: Constant, args: list[Node], type: Type | None) -> Apply:
        """An application in place of another, an effect if that was one."""
        out = Apply(b.graph, fn, tuple(args), type, node.span)
        if node in node.graph.effects:
            b.graph.effects.append(out)
        return out

    # -- derivative primitives ---------------------------------------------------------------------------------------
    def _vjp(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        graph, mask, *args = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant) and isinstance(node.type, Tuple)
        adjoint = self.reverse.adjoint(self.inner(graph.value), mask.value)
        y, pullback = node.type.items
        given = [self.get(m, a) for a in args]
        call_type = Tuple((self.type(y), adjoint.kept))  # type: ignore[arg-type]
        call = self.made(b, node, Constant(adjoint.forward), given, call_type)
        held = b.tuple([*(given[i] for i in adjoint.held), b.item(call, 1)])
        return b.tuple([b.item(call, 0), b.apply("record", held, type=self.type(pullback))])

    def _pull(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        graph, mask, pullback, ct = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant)
        adjoint = self.reverse.adjoint(self.inner(graph.value), mask.value)
        whole = b.item(self.get(m, pullback), 0)
        held = {i: b.item(whole, k) for k, i in enumerate(adjoint.held)}
        args = pulled(b, adjoint, held, b.item(whole, len(held)), self.get(m, ct))
        return self.made(b, node, Constant(adjoint.backward), args, self.type(node.type))

    def _jvp(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        graph = node.args[0].value  # type: ignore[attr-defined]
        if mode.has_arrays(self.inner(graph)):
            return self.transposed(b, node, m)
        return self._accompanied(b, node, m, self.forward(1))

    def transposed(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        """jvp, where arrays are: x̄ = ∂f(x, ȳ) is linear in ȳ, so ẏ is what its own pullback makes of ẋ.

        Source: Townsend (2017), "A new trick for calculating Jacobian vector products".
        """
        graph, mask, *args = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant) and isinstance(node.type, Tuple)
        given = [self.get(m, a) for a in args]
        primals, tangents = given[: len(mask.value)], given[len(mask.value) :]
        value, (along,) = self.along(b, node, graph.value, mask.value, primals, [tangents])
        return b.tuple([value, along])

    def along(
        self, b: Builder, node: Apply, graph: Graph, mask: str, primals: list[Node], directions: list[list[Node]]
    ) -> tuple[Node, list[Node]]:
        """The value of a function, and its derivative along some directions, transposed."""
        tangent = cotangent(graph.output.type)  # type: ignore[arg-type]
        value = self.made(b, node, Constant(self.function(graph)), primals, self.type(graph.output.type))
        if tangent == NONE:
            return value, [constant(None) for _ in directions]
        linear = self.linear(graph, mask)
        back = self.reverse.adjoint(linear, "0" * len(primals) + "1")
        inputs = [*primals, zero(b, tangent, Given(b, value))]
        types = Tuple((linear.output.type, back.kept))  # type: ignore[arg-type]
        call = self.made(b, node, Constant(back.forward), inputs, types)
        out: list[Node] = []
        for tangents in directions:
            args = pulled(b, back, dict(enumerate(inputs)), b.item(call, 1), b.tuple(tangents))
            out.append(b.item(Apply(b.graph, Constant(back.backward), tuple(args), Tuple((tangent,)), node.span), 0))
        return value, out

    def linear(self, graph: Graph, mask: str) -> Graph:
        """(x..., ȳ) -> x̄: what the pullback of a function makes of a cotangent, as a function itself."""
        key = (graph, mask)
        if key not in self.linears:
            g = self.inner(graph)
            adjoint = self.reverse.adjoint(g, mask)
            out = Graph("∂" + g.name, span=g.span)
            b = Builder(out, span=g.span)
            params: list[Node] = [out.parameter(p.name, p.type, p.span) for p in g.params]
            ct = out.parameter("ct", cotangent(g.output.type))  # type: ignore[arg-type]
            call = b.call(adjoint.forward, params, Tuple((g.output.type, adjoint.kept)))  # type: ignore[arg-type]
            args = pulled(b, adjoint, dict(enumerate(params)), b.item(call, 1), ct)
            types = Tuple(tuple(cotangent(p.type) for p, bit in zip(g.params, mask) if bit == "1"))  # type: ignore[arg-type]
            out.output = b.call(adjoint.backward, args, types)
            self.linears[key] = self.optimize(out)
        return self.linears[key]

    def _taylor(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        assert isinstance(node.type, Tuple)
        order = len(node.type.items) - 1
        return self._accompanied(b, node, m, self.taylor(order))

    def _accompanied(self, b: Builder, node: Apply, m: dict[Node, Node], companions: Companions) -> Node:
        """jvp or taylor: the arguments are the parameters, then the companions of those with a 1 in the mask."""
        graph, mask, *args = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant)
        primals = len(mask.value)
        count, given = companions.count, [self.get(m, a) for a in args]
        rest = iter(given[primals:])
        rows = [[symbolic(next(rest)) for _ in range(count)] if bit == "1" else [None] * count for bit in mask.value]
        g, inputs = companions.call(b, self.inner(graph.value), given[:primals], rows)
        return self.made(b, node, Constant(g), inputs, self.type(node.type))

    def _gradient(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        graph, mask, *args, wanted = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant) and isinstance(wanted, Constant)
        given = [self.get(m, a) for a in args]
        chain = nested_order(graph.value, mask.value) if wanted.value != "reverse" else None
        if chain is not None and not mode.has_arrays(chain.graph):
            return self.nested(b, node, chain, given)
        g = self.inner(graph.value)
        if mode.choose(g, mask.value, wanted.value, self.scopes) == "forward":
            refuse_by_array((p for p, bit in zip(g.params, mask.value) if bit == "1"), node.span)
            if mode.has_arrays(g):
                return self.transposed_gradient(b, node, graph.value, mask.value, given)
            key = (g, mask.value)
            if key not in self.gradients:
                count = mode.directions(g, mask.value)
                self.gradients[key] = self.forward(count).gradient(g, mask.value)
            return self.made(b, node, Constant(self.gradients[key]), given, self.type(node.type))
        adjoint = self.reverse.adjoint(g, mask.value)
        assert isinstance(node.type, Tuple)
        call = self.made(b, node, Constant(adjoint.forward), given, Tuple((FLOAT, adjoint.kept)))
        cts_type = Tuple(node.type.items[1:])
        inputs = pulled(b, adjoint, dict(enumerate(given)), b.item(call, 1), constant(1.0))
        cts = Apply(b.graph, Constant(adjoint.backward), tuple(inputs), cts_type, node.span)
        return b.tuple([b.item(call, 0), *(b.item(cts, i) for i in range(len(cts_type.items)))])

    def transposed_gradient(self, b: Builder, node: Apply, graph: Graph, mask: str, given: list[Node]) -> Node:
        """A gradient by numbers along one after another, where arrays are."""
        wanted = [cotangent(p.type) for p, bit in zip(graph.params, mask) if bit == "1"]  # type: ignore[arg-type]
        seeds = [(i, seed) for i, t in enumerate(wanted) for seed in unit_tangents(t)]
        directions = [[materialize(b, seed if k == i else None, t) for k, t in enumerate(wanted)] for i, seed in seeds]
        value, floats = self.along(b, node, graph, mask, given, directions)
        return b.tuple([value, *(assemble(b, t, floats) for t in wanted)])

    def nested(self, b: Builder, node: Apply, chain: Chain, given: list[Node]) -> Node:
        """A derivative and the next, of order 2 or more, by one float: the last two coefficients of a series."""
        order = chain.order + 1
        args = [a if isinstance(a, Constant) else given[a] for a in chain.arguments]
        line: list[Row] = [
            [constant(1.0) if k == 0 and bit == "1" else None for k in range(order)] for bit in chain.mask
        ]
        g, inputs = self.taylor(order).call(b, self.inner(chain.graph), args, line)
        series = self.made(b, node, Constant(g), inputs, Tuple((FLOAT,) * (order + 1)))
        scaled = (b.apply("gmul", b.item(series, k), constant(float(factorial(k)))) for k in (order - 1, order))
        return b.tuple([*scaled])

    # -- types ------------------------------------------------------------------------------------------------------
    def type(self, t: Type | None) -> Type | None:
        """A type with pullbacks replaced by what they keep; boxes are mended in place."""
        match t:
            case Pullback(name=name, residual=r) if r is not None:
                return Record(f"pullback.{name}", (self.type(r),))  # type: ignore[arg-type]
            case Tuple(items=items):
                return Tuple(tuple(map(self.type, items)))  # type: ignore[arg-type]
            case Record(tag=tag, items=items):
                return Record(tag, tuple(map(self.type, items)))  # type: ignore[arg-type]
            case Union(parts=ps):
                return union([self.type(p) for p in ps])  # type: ignore[misc]
            case Cell(content=c, site=site):
                return Cell(self.type(c), site)  # type: ignore[arg-type]
            case Box(body=body) if t not in self.boxes:
                self.boxes.add(t)
                t.body = self.type(body)  # type: ignore[assignment]
        return t
