"""Activity: which nodes of a graph depend on the inputs that are differentiated by.

Only those get cotangents, and only what their derivatives need is kept. A node whose cotangent type is none (an int, a
bool) is never active.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapeless.ad.copying import branches
from tapeless.ir.abstract import NONE, Type, cotangent
from tapeless.ir.loops import loop_parts
from tapeless.ir.nests import nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes


def differentiable(type: Type | None) -> bool:
    """Whether values of a type have cotangents other than zero."""
    return type is not None and cotangent(type) != NONE


class Activity:
    """The active nodes of one function graph, given its active parameters."""

    def __init__(self, scopes: Scopes, graph: Graph, params: Iterable[Parameter]) -> None:
        self.scopes = scopes
        self.active: set[Node] = set(params)
        self._nodes(scopes.schedule(graph))

    def __contains__(self, node: Node) -> bool:
        return node in self.active

    def _nodes(self, nodes: list[Apply]) -> None:
        for node in nodes:
            if self._depends(node) and differentiable(node.type):
                self.active.add(node)

    def _depends(self, node: Apply) -> bool:
        fn = node.fn
        assert isinstance(fn, Constant)
        if isinstance(fn.value, Graph) and fn.value.kind == "loop":
            return self._loop(node, fn.value)
        if isinstance(fn.value, Primitive):
            if fn.value.name == "switch":
                return self._switch(node)
            if fn.value.name == "nest":
                return self._nest(node)
        return any(a in self.active for a in node.args)

    def _switch(self, node: Apply) -> bool:
        found = False
        for g in branches(node):
            self._nodes(self.scopes.schedule(g))
            found |= g.output in self.active
        return found

    def _nest(self, node: Apply) -> bool:
        parts = nest_parts(node)
        self.active.update(p for p, a in zip(parts.map.params, parts.arrays) if a in self.active)
        self._nodes(self.scopes.schedule(parts.map))
        return any(r in self.active for r in parts.results)

    def _loop(self, node: Apply, graph: Graph) -> bool:
        parts = loop_parts(graph, self.scopes)
        for p, a in zip(graph.params, node.args):
            if a in self.active and differentiable(p.type):
                self.active.add(p)
        while True:
            before = len(self.active)
            self._nodes(parts.head)
            self._nodes(parts.body)
            for p, n in zip(graph.params, parts.nexts):
                if n in self.active and differentiable(p.type):
                    self.active.add(p)
            if len(self.active) == before:
                return any(p in self.active for p in graph.params)
