"""Promote locations to values: SSA construction for captured variables that are assigned after capture.

    %c = cell %x
    store %c, %y            =>       (the content flows: load is %y)
    %2 = load %c

There are two ways (`uses.py` decides). A *traced* location is only loaded, stored, and passed to functions that do only
this with it. An *only* location is the only one of its type while the function that makes it runs, so that every load
and store of that type means it, also through closures kept in unions and boxes. Either way the content flows as a
value: a branch that stores returns the new content beside its value, a loop that stores carries it as state, a function
that stores returns the new contents too (its write signature). What is neither stays a location.

Source: Braun et al. (2013), SSA by local state; for calls, argument promotion with a write signature.
"""

from __future__ import annotations

from tapeless.ir.abstract import Cell, Tuple, Type
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.loops import LoopParts, call_loop, close_loop, loop_parts
from tapeless.ir.nests import copied, nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitives.structure import DERIVATIVES, make_tuple
from tapeless.ir.traverse import Scopes, all_nodes
from tapeless.passes.callgraph import call_graph
from tapeless.passes.uses import Location, Uses, primitive_name

State = dict[Location, Node]


def promote(root: Graph) -> Graph:
    """A program without the locations that can be values; the root's signature stays."""
    if not has_locations(root):
        return root
    scopes = Scopes()
    uses = Uses(root, scopes, call_graph(root, scopes).recursive)
    return Promotion(scopes, uses).program(root)


def has_locations(root: Graph) -> bool:
    """Whether a program makes locations."""
    return any(primitive_name(n) == "cell" for n in all_nodes(root))


class Promotion:
    """The new graphs of one program. `m` maps old nodes to new ones."""

    def __init__(self, scopes: Scopes, uses: Uses) -> None:
        self.scopes, self.uses = scopes, uses
        self.new: dict[Graph, Graph] = {}
        self.m: dict[Node, Node] = {}
        self.given: dict[Graph, State] = {}

    def program(self, root: Graph) -> Graph:
        for f in self.uses.functions:
            self._declare(f)
        for f in self.uses.functions:
            b = Builder(self.new[f], span=f.span)
            state = self.given[f]
            self.nodes(b, self.scopes.schedule(f), state)
            out = self.image(f.output)
            written = self.uses.written(f)
            b.graph.output = self._packed(b, out, [state[w] for w in written]) if written else out
        return self.new[root]

    def _declare(self, f: Graph) -> None:
        """The new graph of a function: contents in place of traced locations, and those of only ones behind."""
        new = self.new[f] = Graph(f.name, "function", None, f.span)
        new.total, new.finite = f.total, f.finite
        state = self.given[f] = {}
        for p in f.params:
            good = p in self.uses.traced
            self.m[p] = new.parameter(p.name, content_of(p) if good else p.type, p.span)
            if good:
                state[p] = self.m[p]
        for cell in self.uses.given(f):
            state[cell] = new.parameter("content", cell.content)
        for cell in self.uses.only:
            if self.uses.home[cell] is f:
                state[cell] = undef(cell.content)

    @staticmethod
    def _packed(b: Builder, value: Node, contents: list[Node]) -> Node:
        types = tuple(n.type for n in (value, *contents))
        return Apply(b.graph, Constant(make_tuple), (value, *contents), Tuple(types), b.span)  # type: ignore[arg-type]

    def image(self, node: Node) -> Node:
        return node if isinstance(node, Constant) else self.m[node]

    def nodes(self, b: Builder, nodes: list[Apply], state: State) -> None:
        for node in nodes:
            b.span = node.span or b.span
            self.m[node] = self.node(b, node, state)

    def node(self, b: Builder, node: Apply, state: State) -> Node:
        name = primitive_name(node)
        if name == "switch":
            return self._switch(b, node, state)
        if name == "nest":
            return self._nest(b, node, state)
        if name in ("cell", "load", "store"):
            made = self._access(b, name, node, state)
            if made is not None:
                return made
        fn = node.fn
        assert isinstance(fn, Constant)
        if isinstance(fn.value, Graph):
            if fn.value.kind == "loop":
                return self._loop(b, node, loop_parts(fn.value, self.scopes), state)
            return self._call(b, node, fn.value, state)
        args = [self._argument(a, state) for a in node.args]
        if name in DERIVATIVES:
            args = self._under_derivative(name, node, args, state)
        if node not in node.graph.effects and not any(
            isinstance(a, Constant) and isinstance(a.value, Graph) for a in args
        ):
            return b.apply(name, *args, type=node.type)
        return self._made(b, node, Constant(fn.value), args, node.type)

    def _access(self, b: Builder, name: str, node: Apply, state: State) -> Node | None:
        """cell, load and store of a promoted location; None for another."""
        where = self.uses.location(node if name == "cell" else node.args[0])
        if where is None:
            return None
        if name == "load":
            return state.get(where) or undef(node.type)  # type: ignore[arg-type]
        state[where] = self.image(node.args[-1])
        if name == "cell" and isinstance(where, Cell):  # closures carry it on, as a value without use
            return self._made(b, node, node.fn, [undef(where.content)], node.type)  # type: ignore[arg-type]
        return constant(None)

    def _argument(self, a: Node, state: State) -> Node:
        if isinstance(a, Constant) and isinstance(a.value, Graph):
            return Constant(self.new[a.value])
        return state[a] if a in self.uses.traced else self.image(a)

    def _under_derivative(self, name: str, node: Apply, args: list[Node], state: State) -> list[Node]:
        """The contents that a graph under a derivative reads are further arguments, constant to the derivative."""
        graph, mask = node.args[:2]
        given = self.uses.given(graph.value)  # type: ignore[attr-defined]
        count = 2 + len(mask.value)  # type: ignore[attr-defined]
        contents = [self._content(c, state) for c in given]
        masked = constant(mask.value + "0" * len(given))  # type: ignore[attr-defined]
        if name == "pull":
            return [args[0], masked, *args[2:]]
        return [args[0], masked, *args[2:count], *contents, *args[count:]]

    @staticmethod
    def _content(cell: Cell, state: State) -> Node:
        return state.get(cell) or undef(cell.content)

    def _made(self, b: Builder, node: Apply, fn: Constant, args: list[Node], type: Type | None) -> Apply:
        made = Apply(b.graph, fn, tuple(args), type, node.span)
        if node in node.graph.effects:
            b.graph.effects.append(made)
        return made

    def _call(self, b: Builder, node: Apply, g: Graph, state: State) -> Node:
        args = [self._argument(a, state) for a in node.args] + [self._content(c, state) for c in self.uses.given(g)]
        written = self.uses.written(g)
        if not written:
            return self._made(b, node, Constant(self.new[g]), args, node.type)
        contents = [w.content if isinstance(w, Cell) else content_of(w) for w in written]
        made = self._made(b, node, Constant(self.new[g]), args, Tuple((node.type, *contents)))  # type: ignore[arg-type]
        for k, w in enumerate(written):
            state[w if isinstance(w, Cell) else node.args[g.params.index(w)]] = b.item(made, 1 + k)  # type: ignore[arg-type]
        return b.item(made, 0)

    def _switch(self, b: Builder, node: Apply, state: State) -> Node:
        graphs = [a.value for a in node.args[1:] if isinstance(a, Constant)]
        stored = [c for c in dict.fromkeys(c for g in graphs for c in self.uses.stores(g)) if c in state]
        sides: list[Graph] = []
        for g in graphs:
            nb = b.nested(g.name)
            inner = dict(state)
            self.nodes(nb, self.scopes.schedule(g), inner)
            out = self.image(g.output)
            nb.graph.output = self._packed(nb, out, [inner[c] for c in stored]) if stored else out
            sides.append(nb.graph)
        type = Tuple((node.type, *map(content_of, stored))) if stored else node.type  # type: ignore[arg-type]
        made = b.switch(self.image(node.args[0]), sides[0], sides[1], type)  # type: ignore[arg-type]
        if not stored:
            return made
        for k, c in enumerate(stored):
            state[c] = b.item(made, 1 + k)
        return b.item(made, 0)

    def _nest(self, b: Builder, node: Apply, state: State) -> Node:
        parts = nest_parts(node)

        def body(inner: Builder, params: list[Parameter]) -> list[Node]:
            self.m.update(zip(parts.map.params, params))
            self.nodes(inner, self.scopes.schedule(parts.map), state)
            return [self.image(r) for r in parts.results]

        return copied(b, node, [self.image(a) for a in parts.arrays], body)

    def _loop(self, b: Builder, node: Apply, parts: LoopParts, state: State) -> Node:
        stored = [c for c in self.uses.stores(parts.graph) if c in state]
        lb = b.nested(parts.graph.name, "loop")
        lb.graph.finite, lb.graph.total = parts.graph.finite, parts.graph.total
        for p in parts.graph.params:
            self.m[p] = lb.graph.parameter(p.name, p.type, p.span)
        inner = dict(state)
        for c in stored:
            inner[c] = lb.graph.parameter("content", content_of(c))
        self.nodes(lb, parts.head, inner)
        sb = lb.nested("step")
        self.nodes(sb, parts.body, inner)
        nexts = [*map(self.image, parts.nexts), *(inner[c] for c in stored)]
        close_loop(lb, sb, self.image(parts.condition), nexts, node.span)
        init = [*map(self.image, node.args), *(state[c] for c in stored)]
        made = call_loop(b, lb.graph, init, node.span)
        for k, c in enumerate(stored):
            state[c] = b.item(made, len(parts.graph.params) + k)
        return b.tuple([b.item(made, i) for i in range(len(parts.graph.params))])


def content_of(location: Location) -> Type:
    """The type of what a location holds."""
    t = location if isinstance(location, Cell) else location.type
    assert isinstance(t, Cell)
    return t.content
