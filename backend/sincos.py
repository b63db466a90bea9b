"""The sine and the cosine of one number in one call.

Derivatives ask for both. Where a function computes both, the one that comes first calls glibc's `sincos`, if it stands
in the graph of the other or in one around it, so that it has run when the other is wanted. glibc reduces the argument
once for both, and gives the bits of `sin` and `cos` (tests/backend/test_sincos.py).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tapeless.backend.emit import Values
from tapeless.ir.builder import is_primitive
from tapeless.ir.nodes import Apply, Node
from tapeless.ir.traverse import encloses

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter

NAMES = ("sin", "cos")


class SinCos:
    """The sines and cosines of one function."""

    def __init__(self, e: FunctionEmitter) -> None:
        self._e = e
        self._nodes: dict[Node, list[Apply]] = defaultdict(list)
        self._known: dict[Apply, Values] = {}
        self._room = ""
        for node in (n for n in e.facts.circular if n.graph.kind != "map"):
            self._nodes[node.args[0]].append(node)

    def value(self, node: Apply) -> Values | None:
        """The value of a sine or cosine that is computed with its partner; None for one that has none."""
        if node not in self._known:
            to_come = [n for n in self._nodes[node.args[0]] if n not in self._e.values]
            below = [n for n in to_come if encloses(node.graph, n.graph)]
            partners = [n for n in below if name(n) != name(node)]
            if not partners:
                return None
            values = dict(zip(NAMES, self._call(node)))
            for n in (node, *partners):
                self._known[n] = (values[name(n)],)
        return self._known[node]

    def _call(self, node: Apply) -> Values:
        e = self._e
        self._room = self._room or e.alloca(16)
        (x,) = e.value(node.args[0])
        places = self._room, e.at(self._room, 8)
        e.call(e.program.routine("libm:sincos"), (), [("double", x), *(("ptr", p) for p in places)])
        return tuple(e.load("double", p) for p in places)


def name(node: Apply) -> str:
    """Which of the two an application is."""
    return next(n for n in NAMES if is_primitive(node, n))
