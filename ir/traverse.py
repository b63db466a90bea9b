"""Walks over graphs: nested graphs, free variables, the order of evaluation.

All of it is iterative: a straight-line program of 10 000 statements is a chain of as many nodes.
"""

from __future__ import annotations

from tapeless.ir.nodes import Apply, Constant, Graph, Node, graph_of


def inputs(node: Node) -> tuple[Node, ...]:
    """The nodes that an application applies and is applied to; a constant or parameter has none."""
    return (node.fn, *node.args) if isinstance(node, Apply) else ()


def encloses(outer: Graph, inner: Graph | None) -> bool:
    """Whether `inner` is `outer` or nested in it."""
    while inner is not None:
        if inner is outer:
            return True
        inner = inner.parent
    return False


class Scopes:
    """What each graph of a program refers to outside itself, computed once for a program that no longer changes.

    own(g)      nodes of other graphs that g's own nodes use, and graphs that it mentions
    captures(g) g's free variables: through all the graphs that it mentions; least fixed point, ordered by first use
    """

    def __init__(self) -> None:
        self._captures: dict[Graph, list[Node]] = {}
        self._schedules: dict[Graph, list[Apply]] = {}

    def captures(self, graph: Graph) -> list[Node]:
        """The nodes of enclosing graphs that a closure over `graph` needs."""
        if graph not in self._captures:
            self._solve(graph)
        return self._captures[graph]

    def _solve(self, root: Graph) -> None:
        walks: dict[Graph, Walk] = {}

        def add(graphs: list[Graph]) -> None:
            while graphs:
                g = graphs.pop()
                if g not in walks and g not in self._captures:
                    walks[g] = Walk(g)
                    walks[g].roots()
                    graphs += walks[g].graphs

        add([root])
        changed = True
        while changed:
            changed = False
            for g in reversed(list(walks)):
                walk = walks[g]
                before = len(walk.foreign), len(walk.graphs)
                for h in list(walk.graphs):
                    for v in self._captures[h] if h in self._captures else list(walks[h].foreign):
                        walk.visit(v)
                if before != (len(walk.foreign), len(walk.graphs)):
                    add(list(walk.graphs))
                    changed = True
        for g, walk in walks.items():
            self._captures[g] = list(walk.foreign)

    def schedule(self, graph: Graph) -> list[Apply]:
        """The applications of one graph that its effects and output need, inputs first, effects in their order.

        A nested graph that is mentioned counts as a use of what it captures.
        """
        if graph not in self._schedules:
            order: list[Apply] = []
            done: set[Node | Graph] = set()
            for root in (*graph.effects, graph.output):
                self._visit(graph, root, order, done)
            self._schedules[graph] = order
        return self._schedules[graph]

    def reads(self, node: Apply) -> list[Node]:
        """What an application needs, also in its nested graphs."""
        return [n for n in inputs(node) if not isinstance(n, Constant)] + self.captured(node)

    def captured(self, node: Apply) -> list[Node]:
        """What the nested graphs of an application need."""
        graphs = [n.value for n in inputs(node) if isinstance(n, Constant) and isinstance(n.value, Graph)]
        return [v for g in graphs if g.kind != "function" for v in self.captures(g)]

    def _visit(self, graph: Graph, root: Node, order: list[Apply], done: set[Node | Graph]) -> None:
        stack: list[Node | None] = [root]
        ready: list[Apply] = []  # those whose inputs are on the stack, above a None
        while stack:
            node = stack.pop()
            if node is None:
                order.append(ready.pop())
            elif node not in done:
                done.add(node)
                if node.__class__ is Constant:
                    if node.value.__class__ is Graph and node.value not in done:  # type: ignore[attr-defined]
                        done.add(node.value)  # type: ignore[attr-defined]
                        stack += self.captures(node.value)[::-1]  # type: ignore[attr-defined]
                elif node.__class__ is Apply and node.graph is graph:  # type: ignore[attr-defined]
                    ready.append(node)  # type: ignore[arg-type]
                    stack.append(None)
                    stack += node.args[::-1]  # type: ignore[attr-defined]
                    stack.append(node.fn)  # type: ignore[attr-defined]


class Walk:
    """What one graph's own nodes refer to: nodes of enclosing graphs, and graphs, each in order of first use.

    A node that only a nested graph uses is one of them too: `visit` it as a use of the owner.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.foreign: dict[Node, None] = {}
        self.graphs: dict[Graph, None] = {}
        self.seen: set[Node] = set()

    def roots(self) -> None:
        """Visit the output and the effects; the defaults of parameters, which the parent owns, are captured."""
        for node in (*self.graph.effects, self.graph.output, *self.graph.defaults.values()):
            self.visit(node)

    def visit(self, root: Node) -> None:
        """Visit a node and what it is made of."""
        stack = [root]
        while stack:
            node = stack.pop()
            if node in self.seen:
                continue
            self.seen.add(node)
            if isinstance(node, Constant):
                if isinstance(node.value, Graph):
                    self.graphs[node.value] = None
                continue
            owner = graph_of(node)
            if owner is not self.graph:
                if encloses(owner, self.graph):  # type: ignore[arg-type]
                    self.foreign[node] = None
            elif isinstance(node, Apply):
                stack += reversed(inputs(node))


def mentioned(graph: Graph, scopes: Scopes) -> list[Graph]:
    """The graphs that a graph's own nodes mention, in order of evaluation."""
    found: dict[Graph, None] = {}
    for node in (*scopes.schedule(graph), None):
        for n in inputs(node) if node is not None else (graph.output, *graph.defaults.values()):
            if isinstance(n, Constant) and isinstance(n.value, Graph):
                found[n.value] = None
    return list(found)


def reachable(root: Graph) -> list[Graph]:
    """All graphs that a program consists of, the root first, in order of first mention."""
    found: dict[Graph, None] = {root: None}
    _walk(root, found)
    return list(found)


def all_nodes(root: Graph) -> list[Apply]:
    """The applications of a program, graph by graph in order of first mention."""
    return _walk(root, {root: None})


def _walk(root: Graph, graphs: dict[Graph, None]) -> list[Apply]:
    """The applications of a program; its graphs go to `graphs`."""
    found: list[Apply] = []
    seen: set[Node] = set()
    todo = [root]
    while todo:
        graph = todo.pop()
        stack: list[Node] = [graph.output, *reversed(graph.effects), *reversed(graph.defaults.values())]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.__class__ is Apply:
                found.append(node)  # type: ignore[arg-type]
                stack += node.args[::-1]  # type: ignore[attr-defined]
                stack.append(node.fn)  # type: ignore[attr-defined]
            elif node.__class__ is Constant and node.value.__class__ is Graph and node.value not in graphs:  # type: ignore[attr-defined]
                graphs[node.value] = None  # type: ignore[attr-defined]
                todo.append(node.value)  # type: ignore[attr-defined]
    return found
