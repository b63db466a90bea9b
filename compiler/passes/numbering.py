"""Optimistic value numbering: which parameters of functions and loops always equal a constant, or one another.

    loop @l(%i, %j, %k) from (0, 0, %n), next (%i + 1, %j + 1, %k)        %j is %i, and %k is %n

All parameters are taken to be equal to whatever arrives first, and told apart only where that is refuted: so what only
each other's equality makes equal, as %i and %j here, is found. A node's number stands for what computes it: its
primitive and the numbers of its inputs; that of a parameter for the numbers that arrive at it from all calls, or from
the start and the back-edge of a loop. Rounds over the program end when no number changes.

Source: Alpern, Wegman and Zadeck (1988), "Detecting equality of variables in programs"; Simpson (1996), "Value-driven
redundancy elimination", for the rounds over a hash table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapeless.ir.builder import Builder, is_primitive, primitive_of, simplify
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter, key_of
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes, encloses, reachable
from tapeless.passes.callgraph import callee

ROUNDS = 20
"""More are not worth their time; a chain of refutations as long as this is not met in practice."""
TRANSPARENT = ("box", "unbox", "inject", "project", "has_head", "record", "select")
"""Primitives without a meaning on numbers whose result their inputs determine."""


def equal_parameters(root: Graph, scopes: Scopes, live: Mapping[Node, int]) -> dict[Node, Node]:
    """What takes the place of parameters of a program: a constant, or what stands in scope where the parameter does.

    Where that is another parameter, it has all leaves that are live in the first.
    """
    numbers = Numbers(root, scopes)
    for _ in range(ROUNDS):
        if not numbers.round():
            return numbers.equal(live)
    return {}


class Numbers:
    """The number of each value after some rounds: the first node with it, the key of a constant, or None.

    None stands for 'whatever arrives first': the numbers of inputs that it was computed from are not known yet.
    """

    def __init__(self, root: Graph, scopes: Scopes) -> None:
        self.root, self.scopes = root, scopes
        self.graphs = reachable(root)
        self.of: dict[Node, Any] = {}
        self.constants: dict[Any, Constant] = {}
        self.table: dict[Any, Node] = {}
        self.scratch = Builder(Graph("numbers"))
        self.sites: dict[Graph, list[Apply]] = {}
        for g in self.graphs:
            for node in scopes.schedule(g):
                h = callee(node)
                if h is not None:
                    self.sites.setdefault(h, []).append(node)

    def round(self) -> bool:
        """Number all values anew; whether some number changed."""
        before = dict(self.of)
        self.table = {}
        for g in self.graphs:
            for i, p in enumerate(g.params):
                self.of[p] = self._parameter(g, i, p)
            for node in self.scopes.schedule(g):
                self.of[node] = self._node(node)
        return before != self.of

    def number(self, node: Node) -> Any:
        """The number of a node as far as it is known."""
        if not isinstance(node, Constant):
            return self.of.get(node)
        key = key_of(node)
        self.constants.setdefault(key, node)
        return key

    def _numbered(self, key: tuple[Any, ...], node: Node) -> Any:
        return None if None in key else self.table.setdefault(key, node)

    # -- parameters -------------------------------------------------------------------------------------------------
    def _arriving(self, g: Graph, i: int) -> list[Any]:
        return [self.number(site.args[i]) for site in self.sites.get(g, ())]

    def _parameter(self, g: Graph, i: int, p: Parameter) -> Any:
        if g is self.root:
            return p
        arriving = self._arriving(g, i)
        found = {n for n in arriving if n is not None and n is not p}
        if len(found) <= 1:
            first = found.pop() if found else None
            if g.kind == "loop" or first is None or first in self.constants:
                return first
        return self.table.setdefault((g, p.type, *arriving), p)

    # -- nodes ------------------------------------------------------------------------------------------------------
    def _node(self, node: Apply) -> Any:
        prim = primitive_of(node)
        if prim is None or prim.effect:
            return node
        args = node.args
        if prim.name == "switch":
            outputs = [self.number(a.value.output) for a in args[1:]]  # type: ignore[attr-defined]
            return self._numbered((prim, node.type, self.number(args[0]), *outputs), node)
        if prim.name == "item":
            return self._item(node, args[0], args[1].value)  # type: ignore[attr-defined]
        if prim.evaluate is None and prim.name not in TRANSPARENT:
            return node
        numbers = [self.number(a) for a in args]
        folded = self._folded(prim, numbers, node) if prim.evaluate is not None and None not in numbers else None
        return folded if folded is not None else self._numbered((prim, node.type, *numbers), node)

    def _folded(self, prim: Primitive, numbers: list[Any], node: Apply) -> Any:
        """The number of an application that equals a constant or one of its inputs."""
        if not any(n in self.constants for n in numbers) and len(set(numbers)) == len(numbers):
            return None
        args = tuple(self.constants.get(n, n) for n in numbers)
        equal = simplify(self.scratch, prim, args, node.type)  # type: ignore[arg-type]
        if isinstance(equal, Constant):
            return self.number(equal)
        return equal if equal in args else None

    def _item(self, node: Apply, whole: Node, k: int) -> Any:
        if is_primitive(whole, "tuple"):
            return self.number(whole.args[k])  # type: ignore[attr-defined]
        g = callee(whole) if isinstance(whole, Apply) else None
        if g is not None and g.kind == "loop":
            return self._numbered(("exit", whole, self.of.get(g.params[k])), node)
        return self._numbered(("item", self.number(whole), k), node)

    # -- what follows -----------------------------------------------------------------------------------------------
    def equal(self, live: Mapping[Node, int]) -> dict[Node, Node]:
        """What takes the place of each parameter that has an equal."""
        found: dict[Node, Node] = {}
        for g in self.graphs:
            first: dict[Any, Node] = {}
            for i, p in enumerate(g.params if g is not self.root else ()):
                n = self.of[p]
                if n in self.constants:
                    found[p] = self.constants[n]
                elif g.kind == "loop" and n is not None and n == self.number(self._start(g, i)):
                    found[p] = self._start(g, i)
                elif p in live and not live[p] & ~live[first.setdefault(n, p)] and first[n] is not p:
                    found[p] = first[n]
        return found

    def _start(self, loop: Graph, i: int) -> Node:
        """What a parameter of a loop is at first."""
        return next(site.args[i] for site in self.sites[loop] if not encloses(loop, site.graph))
