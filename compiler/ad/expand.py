"""Expansion: the primitives gradient, vjp, pull, jvp and taylor become calls of derivative graphs, innermost first.

A graph under a derivative is first made plain itself (with its own inner derivatives expanded and simplified), then
differentiated. So at the time of each transformation there is nothing but direct calls, branches and loops. The type of
a pullback, a name until now, becomes a record of its residuals everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

from tapeless.ad import mode
from tapeless.ad.companions import Companions, Row
from tapeless.ad.copying import image
from tapeless.ad.forward import Forward
from tapeless.ad.nested import Chain, nested_order
from tapeless.ad.reverse import Reverse
from tapeless.ad.series import symbolic
from tapeless.ad.taylor import Taylor
from tapeless.ir.abstract import FLOAT, Box, Cell, Pullback, Record, Tuple, Type, Union, union
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.traverse import Scopes, all_nodes, reachable


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
        self.reverse = Reverse()
        self.forward: dict[int, Forward] = {}  # by the number of directions
        self.gradients: dict[tuple[Graph, str], Graph] = {}
        self.taylor: dict[int, Taylor] = {}  # by order
        self.boxes: set[Box] = set()

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
        held = b.tuple([*(given[i] for i in adjoint.again), b.item(call, 1)])
        return b.tuple([b.item(call, 0), b.apply("record", held, type=self.type(pullback))])

    def _pull(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        graph, mask, pullback, ct = node.args
        assert isinstance(graph, Constant) and isinstance(mask, Constant)
        adjoint = self.reverse.adjoint(self.inner(graph.value), mask.value)
        held = b.item(self.get(m, pullback), 0)
        args = [*(b.item(held, k) for k in range(1 + len(adjoint.again))), self.get(m, ct)]
        return self.made(b, node, Constant(adjoint.backward), args, self.type(node.type))

    def _jvp(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        return self._accompanied(b, node, m, self.forward.setdefault(1, Forward(1)))

    def _taylor(self, b: Builder, node: Apply, m: dict[Node, Node]) -> Node:
        assert isinstance(node.type, Tuple)
        order = len(node.type.items) - 1
        return self._accompanied(b, node, m, self.taylor.setdefault(order, Taylor(order)))

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
        if wanted.value != "reverse" and (chain := nested_order(graph.value, mask.value)) is not None:
            return self.nested(b, node, chain, given)
        g = self.inner(graph.value)
        if mode.choose(g, mask.value, wanted.value, self.scopes) == "forward":
            key = (g, mask.value)
            if key not in self.gradients:
                count = mode.directions(g, mask.value)
                self.gradients[key] = self.forward.setdefault(count, Forward(count)).gradient(g, mask.value)
            return self.made(b, node, Constant(self.gradients[key]), given, self.type(node.type))
        adjoint = self.reverse.adjoint(g, mask.value)
        assert isinstance(node.type, Tuple)
        call = self.made(b, node, Constant(adjoint.forward), given, Tuple((FLOAT, adjoint.kept)))
        cts_type = Tuple(node.type.items[1:])
        again = [given[i] for i in adjoint.again]
        cts = Apply(b.graph, Constant(adjoint.backward), (*again, b.item(call, 1), constant(1.0)), cts_type, node.span)
        return b.tuple([b.item(call, 0), *(b.item(cts, i) for i in range(len(cts_type.items)))])

    def nested(self, b: Builder, node: Apply, chain: Chain, given: list[Node]) -> Node:
        """A derivative and the next, of order 2 or more, by one float: the last two coefficients of a series."""
        order = chain.order + 1
        args = [a if isinstance(a, Constant) else given[a] for a in chain.arguments]
        line: list[Row] = [
            [constant(1.0) if k == 0 and bit == "1" else None for k in range(order)] for bit in chain.mask
        ]
        taylor = self.taylor.setdefault(order, Taylor(order))
        g, inputs = taylor.call(b, self.inner(chain.graph), args, line)
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
