"""Promote locations to values: SSA construction for captured variables that are assigned after capture.

    %c = cell %x
    store %c, %y            =>       (the content flows: load is %y)
    %2 = load %c

A location is promoted if it is only loaded, stored, and passed to functions that do only this with it. Its content then
flows as a value: a branch that stores returns the new content beside its value, a loop that stores carries it as state,
and a function that stores what it was given returns the new contents too (its write signature). A location that is kept
in a union or a box, or passed twice in one call, stays a location.

Source: Braun et al. (2013), the idea of SSA by local state; for calls, argument promotion with a write signature.
"""

from __future__ import annotations

from tapeless.ir.abstract import Cell, Tuple, Type
from tapeless.ir.builder import Builder, constant, primitive_of
from tapeless.ir.loops import LoopParts, call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitives.structure import make_tuple
from tapeless.ir.traverse import Scopes, inputs, mentioned, reachable

Position = tuple[Graph, int]


def promote(root: Graph) -> Graph:
    """A program without the locations that can be values; the root's signature stays."""
    scopes = Scopes()
    if not any(primitive_name(n) == "cell" for g in reachable(root) for n in scopes.schedule(g)):
        return root
    uses = Uses(root, scopes)
    return Promotion(scopes, uses).function(root)


def primitive_name(node: Node) -> str:
    """The name of the primitive that a node applies, or nothing."""
    prim = primitive_of(node)
    return prim.name if prim is not None else ""


def callee(node: Apply) -> Graph | None:
    """The function graph that a node calls."""
    value = node.fn.value if isinstance(node.fn, Constant) else None
    return value if isinstance(value, Graph) and value.kind == "function" else None


class Uses:
    """Which locations can be promoted, and which functions write which of their parameters.

    good      the `cell` applications and the parameters that can be
    writes    for each function the positions of promoted parameters that it (or what it calls) stores to
    stored    for each graph the promoted locations that are stored to in it and in the graphs nested in it
    """

    def __init__(self, root: Graph, scopes: Scopes) -> None:
        self.scopes = scopes
        self.functions = [g for g in reachable(root) if g.kind == "function"]
        self.nodes = {f: list(self._nodes(f)) for f in self.functions}
        params = {p for f in self.functions if f is not root for p in f.params if isinstance(p.type, Cell)}
        self.good: set[Node] = params | {n for ns in self.nodes.values() for n, _ in ns if primitive_name(n) == "cell"}
        self.writes: dict[Graph, set[int]] = {f: set() for f in self.functions}
        while self._remove_bad():
            self._solve_writes()
        self._solve_writes()
        self.stored: dict[Graph, dict[Node, None]] = {}

    def _nodes(self, function: Graph) -> list[tuple[Apply, Graph]]:
        """The applications of a function with its nested graphs, each with the graph that it stands in."""
        out: list[tuple[Apply, Graph]] = []
        todo, seen = [function], {function}
        while todo:
            g = todo.pop()
            out += [(n, g) for n in self.scopes.schedule(g)]
            for h in mentioned(g, self.scopes):
                if h.kind != "function" and h not in seen:
                    seen.add(h)
                    todo.append(h)
        return out

    def _remove_bad(self) -> bool:
        bad: set[Node] = set()
        called: set[Graph] = set()
        for f in self.functions:
            outputs = [f.output]
            for node, g in self.nodes[f]:
                bad |= self._bad_uses(node, called)
                outputs.append(g.output)
            bad |= {o for o in outputs if o in self.good}
            bad |= self._stored_in_heads(f)
        before = len(self.good)
        self.good -= bad
        return len(self.good) != before

    def _bad_uses(self, node: Apply, called: set[Graph]) -> set[Node]:
        name = primitive_name(node)
        if name in ("load", "store"):
            return {a for a in node.args[1:] if a in self.good}
        g = callee(node)
        if g is None and name in ("vjp", "jvp"):  # a graph under a derivative: it may read, its results stay as they are
            under = node.args[0].value  # type: ignore[attr-defined]
            pairs = list(zip(node.args[2:], under.params))
            bad = {x for a, p in pairs if (a in self.good) != (p in self.good) for x in (a, p)}
            bad |= {x for i, pair in enumerate(pairs) if i in self.writes[under] for x in pair}
            return bad & self.good
        if g is None:
            return {a for a in inputs(node) if a in self.good}
        bad = set()
        for i, (a, p) in enumerate(zip(node.args, g.params)):
            if (a in self.good) != (p in self.good):
                bad |= {a, p}
            elif a in self.good and any(a is b and (i in self.writes[g] or j in self.writes[g]) for j, b in enumerate(node.args) if j != i):
                bad |= {a, p}
        return bad & self.good

    def _stored_in_heads(self, f: Graph) -> set[Node]:
        """A loop's test runs once more than its body, and what it stores is not part of the state."""
        bad: set[Node] = set()
        for node, g in self.nodes[f]:
            if g.kind == "loop" and node is not g.output:
                bad |= set(self._stored_by([node]))
        return bad

    def _solve_writes(self) -> None:
        changed = True
        while changed:
            changed = False
            for f in self.functions:
                position = {p: i for i, p in enumerate(f.params) if p in self.good}
                found = {position[c] for c in self._stored_by([n for n, _ in self.nodes[f]]) if c in position}
                if found != self.writes[f]:
                    self.writes[f], changed = found, True

    def _stored_by(self, nodes: list[Apply]) -> dict[Node, None]:
        """The good locations that some applications store to (those inside nested graphs not followed)."""
        out: dict[Node, None] = {}
        for node in nodes:
            if primitive_name(node) == "store" and node.args[0] in self.good:
                out[node.args[0]] = None
            g = callee(node)
            if g is not None and g in self.writes:
                for i in sorted(self.writes[g]):
                    if i < len(node.args) and node.args[i] in self.good:
                        out[node.args[i]] = None
        return out

    def stores(self, graph: Graph) -> dict[Node, None]:
        """The promoted locations stored to in a graph and those nested in it."""
        if graph not in self.stored:
            out = self.stored[graph] = self._stored_by(self.scopes.schedule(graph))
            for g in mentioned(graph, self.scopes):
                if g.kind != "function":
                    out.update(self.stores(g))
        return self.stored[graph]


State = dict[Node, Node]


class Promotion:
    """The new graphs of one program. `m` maps old nodes to new ones, `state` locations to their present content."""

    def __init__(self, scopes: Scopes, uses: Uses) -> None:
        self.scopes, self.uses = scopes, uses
        self.new: dict[Graph, Graph] = {}
        self.m: dict[Node, Node] = {}

    def function(self, root: Graph) -> Graph:
        for f in self.uses.functions:
            new = self.new[f] = Graph(f.name, "function", None, f.span)
            new.total, new.finite = f.total, f.finite
            for p in f.params:
                assert p.type is not None
                good = p in self.uses.good and isinstance(p.type, Cell)
                self.m[p] = new.parameter(p.name, p.type.content if good else p.type, p.span)  # type: ignore[attr-defined]
        for f in self.uses.functions:
            b = Builder(self.new[f], span=f.span)
            state: State = {p: self.m[p] for p in f.params if p in self.uses.good}
            self.nodes(b, self.scopes.schedule(f), state)
            out = self.image(f.output)
            if self.uses.writes[f]:
                out = self._packed(b, out, [state[f.params[i]] for i in sorted(self.uses.writes[f])])
            b.graph.output = out
        return self.new[root]

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
        if name == "cell" and node in self.uses.good:
            state[node] = self.image(node.args[0])
            return constant(None)
        if name in ("load", "store") and node.args[0] in self.uses.good:
            if name == "load":
                return state[node.args[0]]
            state[node.args[0]] = self.image(node.args[1])
            return constant(None)
        fn = node.fn
        assert isinstance(fn, Constant)
        if isinstance(fn.value, Graph) and fn.value.kind == "loop":
            return self._loop(b, node, loop_parts(fn.value, self.scopes), state)
        g = callee(node)
        if g is not None:
            return self._call(b, node, g, state)
        args = [self._argument(a, state) for a in node.args]
        if node not in node.graph.effects and not any(isinstance(a, Constant) and isinstance(a.value, Graph) for a in args):
            return b.apply(name, *args, type=node.type)
        return self._made(b, node, Constant(fn.value), args, node.type)

    def _argument(self, a: Node, state: State) -> Node:
        if isinstance(a, Constant) and isinstance(a.value, Graph):
            return Constant(self.new[a.value])
        return state[a] if a in self.uses.good else self.image(a)

    def _made(self, b: Builder, node: Apply, fn: Constant, args: list[Node], type: Type | None) -> Apply:
        made = Apply(b.graph, fn, tuple(args), type, node.span)
        if node in node.graph.effects:
            b.graph.effects.append(made)
        return made

    def _call(self, b: Builder, node: Apply, g: Graph, state: State) -> Node:
        args = [state[a] if a in self.uses.good else self.image(a) for a in node.args]
        written = sorted(self.uses.writes[g])
        if not written:
            return self._made(b, node, Constant(self.new[g]), args, node.type)
        contents = [g.params[i].type.content for i in written]  # type: ignore[union-attr]
        made = self._made(b, node, Constant(self.new[g]), args, Tuple((node.type, *contents)))  # type: ignore[arg-type]
        for k, i in enumerate(written):
            state[node.args[i]] = b.item(made, 1 + k)
        return b.item(made, 0)

    def _switch(self, b: Builder, node: Apply, state: State) -> Node:
        graphs = [a.value for a in node.args[1:] if isinstance(a, Constant)]
        stored = [c for c in dict.fromkeys(c for g in graphs for c in self.uses.stores(g)) if c in state]
        sides: list[Graph] = []
        type = Tuple((node.type, *(c.type.content for c in stored)))  # type: ignore[arg-type, union-attr]
        for g in graphs:
            nb = b.nested(g.name)
            inner = dict(state)
            self.nodes(nb, self.scopes.schedule(g), inner)
            out = self.image(g.output)
            nb.graph.output = self._packed(nb, out, [inner[c] for c in stored]) if stored else out
            sides.append(nb.graph)
        made = b.switch(self.image(node.args[0]), sides[0], sides[1], type if stored else node.type)  # type: ignore[arg-type]
        if not stored:
            return made
        for k, c in enumerate(stored):
            state[c] = b.item(made, 1 + k)
        return b.item(made, 0)

    def _loop(self, b: Builder, node: Apply, parts: LoopParts, state: State) -> Node:
        stored = [c for c in self.uses.stores(parts.graph) if c in state]
        lb = b.nested(parts.graph.name, "loop")
        lb.graph.finite, lb.graph.total = parts.graph.finite, parts.graph.total
        for p in parts.graph.params:
            self.m[p] = lb.graph.parameter(p.name, p.type, p.span)
        inner = dict(state)
        for c in stored:
            inner[c] = lb.graph.parameter("content", c.type.content)  # type: ignore[union-attr]
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
