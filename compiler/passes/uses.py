"""Which locations can be promoted to values, and which functions store to which of them. See `promote.py`."""

from __future__ import annotations

from tapeless.ir.abstract import Box, Cell, Pullback, Record, Tuple, Type, Union
from tapeless.ir.builder import primitive_of
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.traverse import Scopes, inputs, mentioned, reachable

RUNNING = DERIVATIVES - {"pull"}
"""The derivative primitives that run the graph which they differentiate."""

Location = Node | Cell
"""A traced location is its node (a `cell` application, or a parameter); an only one is its type."""


def primitive_name(node: Node) -> str:
    """The name of the primitive that a node applies, or nothing."""
    prim = primitive_of(node)
    return prim.name if prim is not None else ""


def called(node: Apply) -> Graph | None:
    """The function graph that a node calls."""
    value = node.fn.value if isinstance(node.fn, Constant) else None
    return value if isinstance(value, Graph) and value.kind == "function" else None


def derived(node: Apply) -> Graph | None:
    """The graph that a node differentiates while running it."""
    return node.args[0].value if primitive_name(node) in RUNNING else None  # type: ignore[attr-defined]


class Uses:
    """Facts about the locations of one program.

    traced     the `cell` applications and parameters that are only loaded, stored and passed on as such
    only       types of locations of which there is one while the function in `home` runs
    """

    def __init__(self, root: Graph, scopes: Scopes, recursive: set[Graph]) -> None:
        self.scopes = scopes
        self.functions = [g for g in reachable(root) if g.kind == "function"]
        self.graphs: dict[Graph, list[Graph]] = {}  # of a function: itself and those nested in it
        self.nodes = {f: self._nodes(f) for f in self.functions}
        params = {p for f in self.functions if f is not root for p in f.params if isinstance(p.type, Cell)}
        cells = [(n, g, f) for f in self.functions for n, g in self.nodes[f] if primitive_name(n) == "cell"]
        self.traced: set[Node] = set()
        self.only: set[Cell] = set()
        self.home: dict[Cell, Graph] = {}
        self._stores: dict[Graph, dict[Location, None]] = {}
        self._writes: dict[Graph, dict[Location, None]] = {f: {} for f in self.functions}
        self._reads: dict[Graph, set[Cell]] = {f: set() for f in self.functions}
        self._find_only(cells, recursive)
        self._solve()
        while self._remove_only():
            self._solve()
        self.traced = {n for n in (*params, *(c for c, _, _ in cells)) if n.type not in self.only}
        self._solve()
        while self._untrace():
            self._solve()

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
        self.graphs[function] = list(seen)
        return out

    # -- answers ----------------------------------------------------------------------------------------------------
    def location(self, node: Node) -> Location | None:
        """The promoted location that a node is, or None."""
        if isinstance(node.type, Cell) and node.type in self.only:
            return node.type
        return node if node in self.traced else None

    def written(self, f: Graph) -> list[Location]:
        """What a function stores to and its caller has to know: parameters, then only locations by site."""
        mine = [w for w in self._writes[f] if not (isinstance(w, Cell) and self.home[w] is f)]
        params = [p for p in f.params if p in mine]
        return [*params, *sorted((w for w in mine if isinstance(w, Cell)), key=lambda c: c.site)]

    def given(self, f: Graph) -> list[Cell]:
        """The only locations whose contents a function is given: those that it, or what it calls, accesses."""
        accessed = self._reads[f] | {w for w in self._writes[f] if isinstance(w, Cell)}
        return sorted((c for c in accessed if self.home[c] is not f), key=lambda c: c.site)

    def stores(self, graph: Graph) -> dict[Location, None]:
        """The promoted locations that are stored to in a graph and those nested in it."""
        if graph not in self._stores:
            out = self._stores[graph] = self._stored_by(self.scopes.schedule(graph))
            for g in mentioned(graph, self.scopes):
                if g.kind != "function":
                    out.update(self.stores(g))
        return self._stores[graph]

    # -- who stores and loads ---------------------------------------------------------------------------------------
    def _stored_by(self, nodes: list[Apply]) -> dict[Location, None]:
        """The locations that applications store to, themselves or by a call; nested graphs not followed."""
        out: dict[Location, None] = {}
        for node in nodes:
            name = primitive_name(node)
            where = self.location(node.args[0]) if name == "store" else None
            if name == "cell" and isinstance(self.location(node), Cell):
                where = self.location(node)
            if where is not None:
                out[where] = None
            g = called(node)
            for w in self._writes[g] if g is not None else ():
                if isinstance(w, Cell):
                    if self.home[w] is not g:
                        out[w] = None
                elif w in g.params and node.args[g.params.index(w)] in self.traced:  # type: ignore[union-attr, arg-type]
                    out[node.args[g.params.index(w)]] = None  # type: ignore[union-attr, arg-type]
        return out

    def _read_by(self, nodes: list[Apply]) -> set[Cell]:
        out: set[Cell] = set()
        for node in nodes:
            if primitive_name(node) == "load":
                where = self.location(node.args[0])
                if isinstance(where, Cell):
                    out.add(where)
            g = called(node) or derived(node)
            if g is not None:
                out.update(self.given(g))
        return out

    def _solve(self) -> None:
        changed = True
        while changed:
            changed = False
            for f in self.functions:
                nodes = [n for n, _ in self.nodes[f]]
                mine = set(f.params)
                stored = self._stored_by(nodes)
                writes: dict[Location, None] = {w: None for w in stored if isinstance(w, Cell) or w in mine}
                reads = self._read_by(nodes)
                if writes != self._writes[f] or reads != self._reads[f]:
                    self._writes[f], self._reads[f], changed = writes, reads, True

    def _stored_in_heads(self, f: Graph) -> set[Location]:
        """A loop's test runs once more than its body, and what it stores is not part of the state."""
        heads = [n for n, g in self.nodes[f] if g.kind == "loop" and n is not g.output]
        nested = [g for n in heads for g in _nested(n)]
        return {*self._stored_by(heads), *(w for g in nested for w in self.stores(g))}

    # -- traced -----------------------------------------------------------------------------------------------------
    def _untrace(self) -> bool:
        """Remove locations with other uses; whether there were any."""
        bad: set[Location] = set()
        for f in self.functions:
            for node, _ in self.nodes[f]:
                bad |= self._other_uses(node)
            bad.update(g.output for g in self.graphs[f])
            bad |= self._stored_in_heads(f)
        self._stores.clear()
        before = len(self.traced)
        self.traced -= bad  # type: ignore[arg-type]
        return len(self.traced) != before

    def _other_uses(self, node: Apply) -> set[Location]:
        name, g = primitive_name(node), called(node)
        if name in ("load", "store"):
            return set(node.args[1:])
        pairs: list[tuple[Node, Node]]
        if name in RUNNING:  # a graph under a derivative may read; its results stay as they are
            under = derived(node)
            pairs = list(zip(node.args[2:], under.params))  # type: ignore[union-attr]
            bad: set[Location] = {x for a, p in pairs if p in self._writes[under] for x in (a, p)}  # type: ignore[index]
        elif g is not None:
            pairs = list(zip(node.args, g.params))
            twice = [a for i, a in enumerate(node.args) if a in node.args[:i]]
            bad = {x for a, p in pairs if a in twice for x in (a, p)}
        else:
            return set(inputs(node))
        return bad | {x for a, p in pairs if (a in self.traced) != (p in self.traced) for x in (a, p)}

    # -- only -------------------------------------------------------------------------------------------------------
    def _find_only(self, cells: list[tuple[Apply, Graph, Graph]], recursive: set[Graph]) -> None:
        """Types with one `cell` that runs once per call of a function which is not entered again meanwhile, and into
        and out of which no location of the type comes."""
        made: dict[Cell, list[tuple[Apply, Graph, Graph]]] = {}
        for node, g, f in cells:
            assert isinstance(node.type, Cell)
            made.setdefault(node.type, []).append((node, g, f))
        for type, places in made.items():
            node, g, f = places[0]
            if len(places) > 1 or not type.site or f in recursive or _in_loop(g):
                continue
            if any(contains(t, type, set()) for t in (f.output.type, *(p.type for p in f.params))):
                continue
            self.only.add(type)
            self.home[type] = f

    def _remove_only(self) -> bool:
        """Remove those stored to in the test of a loop or under a derivative; whether there were any."""
        bad: set[Location] = set()
        for f in self.functions:
            bad |= self._stored_in_heads(f)
            for node, _ in self.nodes[f]:
                g = derived(node)
                if g is not None:
                    bad |= {w for w in self.written(g) if isinstance(w, Cell)}
        bad &= self.only
        self._stores.clear()
        self.only -= bad  # type: ignore[arg-type]
        return bool(bad)


def _in_loop(graph: Graph | None) -> bool:
    while graph is not None:
        if graph.kind == "loop":
            return True
        graph = graph.parent
    return False


def _nested(node: Apply) -> list[Graph]:
    return [
        n.value
        for n in inputs(node)
        if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.kind == "branch"
    ]


def contains(type: Type | None, part: Type, seen: set[Type]) -> bool:
    """Whether values of a type may hold one of another, through boxes and locations."""
    if type == part:
        return True
    match type:
        case Tuple(items=items) | Record(items=items):
            return any(contains(t, part, seen) for t in items)
        case Union(parts=ps):
            return any(contains(t, part, seen) for t in ps)
        case Cell(content=content):
            return contains(content, part, seen)
        case Box(body=body) | Pullback(residual=body):
            if type in seen:
                return False
            seen.add(type)
            return contains(body, part, seen)
    return False
