"""Walks over graphs: nested graphs, free variables, the order of evaluation.

All of it is iterative: a straight-line program of 10 000 statements is a chain of as many nodes.
"""

from __future__ import annotations

from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter, graph_of


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
        uses: dict[Graph, tuple[list[Node], list[Graph]]] = {}
        todo = [root]
        while todo:
            g = todo.pop()
            if g in uses or g in self._captures:
                continue
            uses[g] = references(g)
            todo += uses[g][1]
        free: dict[Graph, dict[Node, None]] = {g: dict.fromkeys(uses[g][0]) for g in uses}
        changed = True
        while changed:
            changed = False
            for g in reversed(uses):
                mine = free[g]
                before = len(mine)
                for h in uses[g][1]:
                    for v in self._captures[h] if h in self._captures else free[h]:
                        owner = graph_of(v)
                        if owner is not g and owner is not None and v not in mine and encloses(owner, g):
                            mine[v] = None
                changed |= len(mine) != before
        for g, nodes in free.items():
            self._captures[g] = list(nodes)

    def schedule(self, graph: Graph) -> list[Apply]:
        """The applications of one graph that its effects and output need, inputs first, effects in their order.

        A nested graph that is mentioned counts as a use of what it captures.
        """
        if graph not in self._schedules:
            order: list[Apply] = []
            done: set[Node] = set()
            for root in (*graph.effects, graph.output):
                self._visit(graph, root, order, done)
            self._schedules[graph] = order
        return self._schedules[graph]

    def _visit(self, graph: Graph, root: Node, order: list[Apply], done: set[Node]) -> None:
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                assert isinstance(node, Apply)
                order.append(node)
                continue
            if node in done:
                continue
            done.add(node)
            if isinstance(node, Constant):
                if isinstance(node.value, Graph):
                    done.discard(node)
                    if node.value not in done:  # type: ignore[comparison-overlap]
                        done.add(node.value)  # type: ignore[arg-type]
                        stack += [(v, False) for v in reversed(self.captures(node.value))]
            elif isinstance(node, Apply) and node.graph is graph:
                stack.append((node, True))
                stack += [(n, False) for n in reversed(inputs(node))]


def references(graph: Graph) -> tuple[list[Node], list[Graph]]:
    """The nodes of other graphs that a graph's own nodes use, and the graphs that they mention, in order of use."""
    foreign: dict[Node, None] = {}
    graphs: dict[Graph, None] = {}
    seen: set[Node] = set()
    stack: list[Node] = [graph.output, *reversed(graph.effects)]
    for node in reversed(list(graph.defaults.values())):  # the parent owns them; a closure carries them
        stack.append(node)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Constant):
            if isinstance(node.value, Graph):
                graphs[node.value] = None
        elif graph_of(node) is not graph:
            foreign[node] = None
        elif isinstance(node, Apply):
            stack += reversed(inputs(node))
    return list(foreign), list(graphs)


def mentioned(graph: Graph) -> list[Graph]:
    """The graphs that a graph's own nodes mention."""
    return references(graph)[1]


def reachable(root: Graph) -> list[Graph]:
    """All graphs that a program consists of, the root first, in order of first mention."""
    found: dict[Graph, None] = {root: None}
    todo = [root]
    while todo:
        for g in mentioned(todo.pop()):
            if g not in found:
                found[g] = None
                todo.append(g)
    return list(found)


def own_nodes(graph: Graph) -> list[Node]:
    """Parameters and applications of one graph, inputs first."""
    return [*graph.params, *Scopes().schedule(graph)]


def is_parameter(node: Node) -> bool:
    """Whether a node is a parameter."""
    return isinstance(node, Parameter)
