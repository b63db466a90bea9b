"""Copies of programs.

In: the root of a program, at any stage. Out: a root that shares no graph and no node with it. Spans and types, the
named types `Box` and `Pullback` included, are the same objects. What neither an output, nor an effect, nor a default
needs is not copied.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.traverse import inputs, reachable


def clone(root: Graph) -> Graph:
    """A copy of all graphs of a program; returns the copy of the root."""
    graphs = {g: Graph(g.name, g.kind, None, g.span) for g in program(root)}
    nodes: dict[Node, Node] = {}
    for g, copy in graphs.items():
        copy.parent = graphs[g.parent] if g.parent else None
        for p in g.params:
            nodes[p] = copy.parameter(p.name, p.type, p.span)
    old = used_nodes(graphs)
    for n in old:
        if isinstance(n, Constant):
            nodes[n] = Constant(graphs[n.value] if isinstance(n.value, Graph) else n.value, n.type, n.span)
        elif isinstance(n, Apply):
            nodes[n] = Apply(graphs[n.graph], n.fn, n.args, n.type, n.span, n.shape)
    for n in old:
        if isinstance(n, Apply):
            copied = nodes[n]
            assert isinstance(copied, Apply)
            copied.fn, copied.args = nodes[n.fn], tuple([nodes[a] for a in n.args])
    for g, copy in graphs.items():
        copy.output, copy.effects = nodes[g.output], [nodes[e] for e in g.effects]  # type: ignore[misc]
        copy.defaults = {i: nodes[d] for i, d in g.defaults.items()}
        copy.variadic, copy.keyword_only, copy.finite, copy.total = g.variadic, g.keyword_only, g.finite, g.total
    return graphs[root]


def program(root: Graph) -> list[Graph]:
    """All graphs of a program: those that are reachable, and those that these are nested in."""
    found = dict.fromkeys(reachable(root))
    todo = list(found)
    while todo:
        parent = todo.pop().parent
        if parent is not None and parent not in found:
            new = [g for g in reachable(parent) if g not in found]
            found.update(dict.fromkeys(new))
            todo += new
    return list(found)


def used_nodes(graphs: Iterable[Graph]) -> list[Node]:
    """Every node that the outputs, effects and defaults of some graphs need, each once, in no useful order."""
    stack: list[Node] = []
    for g in graphs:
        stack += [g.output, *g.effects, *g.defaults.values()]
    found: dict[Node, None] = {}
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            if not isinstance(node, Parameter):
                stack += inputs(node)
    return list(found)
