"""Who calls whom: function graphs, their callees, which are recursive, how large they are."""

from __future__ import annotations

from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Constant, Graph
from tapeless.ir.traverse import Scopes, mentioned


@dataclass
class CallGraph:
    """The function graphs of a program, callees first.

    order      every function graph, after those that it calls (within a cycle: in order of discovery)
    cycles     those that call one another, component by component
    recursive  those on a cycle of calls
    alone      those that call themselves and are on no other cycle
    calls      how many call sites each has
    size       how many applications each has, with its nested graphs
    """

    order: list[Graph]
    cycles: list[list[Graph]]
    recursive: set[Graph]
    alone: set[Graph]
    calls: dict[Graph, int]
    size: dict[Graph, int]


def call_graph(root: Graph, scopes: Scopes) -> CallGraph:
    """Analyse a program; strongly connected components by Tarjan's algorithm, without recursion."""
    callees: dict[Graph, list[Graph]] = {}
    counts: dict[Graph, int] = {root: 0}
    size: dict[Graph, int] = {}
    todo = [root]
    while todo:
        g = todo.pop()
        if g in callees:
            continue
        callees[g], size[g] = _callees(g, scopes, counts)
        todo += callees[g]
    order: list[Graph] = []
    cycles: list[list[Graph]] = []
    recursive: set[Graph] = set()
    alone: set[Graph] = set()
    for component in _components(root, callees):
        order += component
        if len(component) > 1 or component[0] in callees[component[0]]:
            cycles.append(component)
            recursive.update(component)
            if len(component) == 1:
                alone.update(component)
    return CallGraph(order, cycles, recursive, alone, counts, size)


def _callees(function: Graph, scopes: Scopes, counts: dict[Graph, int]) -> tuple[list[Graph], int]:
    found: dict[Graph, None] = {}
    size, todo, seen = 0, [function], {function}
    while todo:
        g = todo.pop()
        schedule = scopes.schedule(g)
        size += len(schedule)
        for node in schedule:
            for n in (node.fn, *node.args):
                if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.kind == "function":
                    found[n.value] = None
                    counts[n.value] = counts.get(n.value, 0) + 1
        for h in mentioned(g, scopes):
            if h.kind != "function" and h not in seen:
                seen.add(h)
                todo.append(h)
    return list(found), size


def _components(root: Graph, edges: dict[Graph, list[Graph]]) -> list[list[Graph]]:
    index: dict[Graph, int] = {}
    low: dict[Graph, int] = {}
    path: list[Graph] = []
    on_path: set[Graph] = set()
    out: list[list[Graph]] = []
    stack: list[tuple[Graph, int]] = [(root, 0)]
    while stack:
        g, i = stack.pop()
        if g not in index:
            index[g] = low[g] = len(index)
            path.append(g)
            on_path.add(g)
        for j in range(i, len(edges[g])):
            h = edges[g][j]
            if h not in index:
                stack += [(g, j), (h, 0)]
                break
            if h in on_path:
                low[g] = min(low[g], low[h])
        else:
            if low[g] == index[g]:
                component: list[Graph] = []
                while True:
                    h = path.pop()
                    on_path.discard(h)
                    component.append(h)
                    if h is g:
                        break
                out.append(component)
    return out


def callee(node: Apply) -> Graph | None:
    """The graph that a node calls directly; None for a primitive."""
    return node.fn.value if isinstance(node.fn, Constant) and isinstance(node.fn.value, Graph) else None
