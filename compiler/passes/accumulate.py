"""Sums made on the way back from a recursion are made on the way in, so that its calls are tail calls.

    ∂f(r, ct) = ... gadd(share, ∂f(r', ct'))      =>      ∂f(r, ct, acc) = ... ∂f(r', ct', gadd(acc, share))
                ... share                                                  ... gadd(acc, share)

For adjoints only: the forward pass made sure that they end, and sums of cotangents may be taken in any order.
Source: Bird (1984), "The promotion and accumulation strategies in transformational programming".
"""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT, Tuple, Type
from tapeless.ir.builder import Builder, constant, is_primitive
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Graph, Node
from tapeless.ir.traverse import Scopes, all_nodes
from tapeless.passes.callgraph import call_graph, callee


@dataclass(frozen=True)
class End:
    """One way in which a function ends: `shares` are added to the results of a call, or returned where there is none.

    spine   the nodes that do so, and switches around them: nothing else may read these
    """

    graph: Graph
    call: Apply | None
    shares: tuple[Node | None, ...]
    spine: tuple[Node, ...]


def accumulate(root: Graph) -> Graph:
    """The program itself, with accumulators where they make all calls of a cycle of adjoints tail calls."""
    cycles = [c for c in call_graph(root, Scopes()).cycles if root not in c and all(g.total for g in c)]
    if not cycles:
        return root
    users: dict[Node, list[Apply]] = {}
    sites: dict[Graph, list[Apply]] = {}
    for n in all_nodes(root):
        for a in n.args:
            users.setdefault(a, []).append(n)
        called = callee(n)
        if called is not None:
            sites.setdefault(called, []).append(n)
    for cycle in cycles:
        calls = [n for g in cycle for n in sites[g]]
        ends = [end for g in cycle for end in _ends(g.output, g, cycle, ())]
        if _wanted(cycle, ends) and _possible(ends, [n for n in calls if _function(n.graph) in cycle], users):
            _rewrite(cycle, ends, [n for n in calls if _function(n.graph) not in cycle])
    return root


def _wanted(cycle: list[Graph], ends: list[End]) -> bool:
    """Whether results are floats, and some call is no tail call as it is."""
    results = {g.output.type for g in cycle}
    added = any(share is not None for end in ends if end.call is not None for share in end.shares)
    return len(results) == 1 and _is_floats(*results) and added


def _is_floats(type: Type | None) -> bool:
    return type == FLOAT or (isinstance(type, Tuple) and bool(type.items) and all(t == FLOAT for t in type.items))


def _possible(ends: list[End], inner: list[Apply], users: dict[Node, list[Apply]]) -> bool:
    """Whether all calls within the cycle are at ends, in their own graphs, and what they return is read there only."""
    tails = [end.call for end in ends if end.call is not None]
    spine = {n for end in ends for n in end.spine}
    return (
        len(tails) == len(inner)
        and set(tails) == set(inner)
        and not any(n in n.graph.effects for n in tails)
        and all(end.call is None or end.call.graph is end.graph for end in ends)
        and all(end.call is not None or s.type == FLOAT for end in ends for s in end.shares if s is not None)
        and all(user in spine for n in spine for user in users.get(n, ()))
    )


def _function(g: Graph) -> Graph:
    while g.kind != "function":
        assert g.parent is not None
        g = g.parent
    return g


# -- ends -----------------------------------------------------------------------------------------------------------
def _ends(output: Node, graph: Graph, cycle: list[Graph], spine: tuple[Node, ...]) -> list[End]:
    """The ends of a graph that returns a node."""
    if is_primitive(output, "switch"):
        assert isinstance(output, Apply)
        around = (*spine, output)
        return [e for a in output.args[1:] for e in _ends(a.value.output, a.value, cycle, around)]  # type: ignore[attr-defined]
    if isinstance(output, Apply) and callee(output) in cycle:
        count = len(output.type.items) if isinstance(output.type, Tuple) else 1
        return [End(graph, output, (None,) * count, (*spine, output))]
    leaves = output.args if isinstance(output, Apply) and is_primitive(output, "tuple") else (output,)
    found = [_added(leaf, k, isinstance(output.type, Tuple), cycle) for k, leaf in enumerate(leaves)]
    calls = {end.call for end in found if end is not None}
    if len(calls) != 1 or None in found:
        return [End(graph, None, tuple(leaves), ())]
    nodes = [n for end in found if end is not None for n in end.spine]
    shares = tuple(end.shares[0] for end in found if end is not None)
    return [End(graph, calls.pop(), shares, (*spine, output, *nodes))]


def _added(leaf: Node, k: int, several: bool, cycle: list[Graph]) -> End | None:
    """A leaf that is the k-th result of a call, or that and a share."""

    def call_of(node: Node) -> Apply | None:
        if several:
            if not (isinstance(node, Apply) and is_primitive(node, "item") and node.args[1].value == k):  # type: ignore[attr-defined]
                return None
            node = node.args[0]
        return node if isinstance(node, Apply) and callee(node) in cycle else None

    for result, share in ((leaf, None), *_sum(leaf)):
        call = call_of(result)
        if call is not None:
            return End(call.graph, call, (share,), (leaf, result, call))
    return None


def _sum(leaf: Node) -> list[tuple[Node, Node]]:
    if not isinstance(leaf, Apply) or not is_primitive(leaf, "gadd"):
        return []
    x, y = leaf.args
    return [(x, y), (y, x)]


# -- accumulators ---------------------------------------------------------------------------------------------------
def _rewrite(cycle: list[Graph], ends: list[End], outside: list[Apply]) -> None:
    count = len(ends[0].shares)
    several = isinstance(cycle[0].output.type, Tuple)
    sums = {g: [g.parameter("acc", FLOAT) for _ in range(count)] for g in cycle}
    for end in ends:
        b = Builder(end.graph)
        totals: list[Node] = [
            a if share is None else b.apply("gadd", a, share)
            for a, share in zip(sums[_function(end.graph)], end.shares)
        ]
        if end.call is not None:
            end.call.args = (*end.call.args, *totals)
            end.graph.output = end.call
        else:
            end.graph.output = b.tuple(totals) if several else totals[0]
    for call in outside:
        call.args = (*call.args, *[constant(0.0)] * count)
