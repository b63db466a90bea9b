"""What is the same in all calls of a recursion, and dear enough to be computed once, by the caller outside.

    f(x, n) = ... sin(x) ... f(x, n - 1)        =>    f(x, n, s) = ... s ... f(x, n - 1, s)
    f(x, 20)                                          f(x, 20, sin(x))

A parameter that every call of a function by itself hands on unchanged is invariant, and so is what is computed from
invariants alone. What is cheap stays: a further parameter may cost a spill for each call. Pure primitives are total, so
that computing one where no branch would have asked for it is harmless; it is more work by at most once per outer call.
"""

from __future__ import annotations

from tapeless.ir.abstract import Scalar
from tapeless.ir.builder import primitive_of
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes, inputs, mentioned
from tapeless.passes.callgraph import CallGraph, callee

DEAR = 5
"""The cost from which on an invariant is handed over; an addition costs 1."""
MOST = 8
"""How many invariants a function gets at most."""


@dataclass(frozen=True)
class Moved:
    """What leaves one function: `values` become parameters, computed by `nodes`, which stand in order."""

    values: tuple[Apply, ...]
    nodes: tuple[Apply, ...]


def invariants(calls: CallGraph, scopes: Scopes, root: Graph) -> dict[Graph, Moved]:
    """For each function that calls itself and is in no larger cycle: what leaves it."""
    found = {g: _moved(g, scopes) for g in calls.order if g in calls.alone and g is not root}
    return {g: m for g, m in found.items() if m is not None}


def nodes_of(function: Graph, scopes: Scopes) -> tuple[list[Apply], list[Graph]]:
    """The applications of a function and of the graphs nested in it, inputs first, and these graphs."""
    nodes: list[Apply] = []
    graphs = {function: None}
    todo = [function]
    while todo:
        g = todo.pop(0)
        nodes += scopes.schedule(g)
        new = [h for h in mentioned(g, scopes) if h.kind != "function" and h not in graphs]
        graphs.update(dict.fromkeys(new))
        todo += new
    return nodes, list(graphs)


def _moved(g: Graph, scopes: Scopes) -> Moved | None:
    nodes, graphs = nodes_of(g, scopes)
    own = [n for n in nodes if callee(n) is g]
    cost: dict[Node, int] = {p: 0 for i, p in enumerate(g.params) if all(n.args[i] is p for n in own)}
    if not cost:
        return None
    for n in nodes:
        prim = primitive_of(n)
        if prim is not None and _movable(prim, n) and all(isinstance(a, Constant) or a in cost for a in n.args):
            cost[n] = _cost(prim) + sum(cost.get(a, 0) for a in n.args)
    users = [n for n in nodes if n not in cost]
    used = dict.fromkeys([a for n in users for a in n.args] + [h.output for h in graphs])
    dear = [n for n in used if isinstance(n, Apply) and isinstance(n.type, Scalar) and cost.get(n, 0) >= DEAR]
    values = sorted(dear, key=lambda n: -cost[n])[:MOST]
    needed: set[Node] = set()
    todo: list[Node] = list(values)
    while todo:
        value = todo.pop()
        if value not in needed:
            needed.add(value)
            todo += inputs(value)[1:]
    return Moved(tuple(values), tuple(n for n in nodes if n in needed)) if values else None


def _movable(prim: Primitive, node: Apply) -> bool:
    if prim.effect or prim.guarded:
        return False
    return prim.name == "item" or (prim.evaluate is not None and isinstance(node.type, Scalar))


def _cost(prim: Primitive) -> int:
    """Roughly, in additions."""
    if prim.name == "item":
        return 0
    if prim.lower.startswith("libm:"):
        return 20
    is_slow = prim.name in ("fdiv", "sqrt") or (prim.lower.startswith("call:") and prim.partials is not None)
    return DEAR if is_slow else 1
