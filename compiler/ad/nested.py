"""Nested derivatives by one float: a chain of graphs, each the derivative of the next, is one of higher order.

    graph @f(%x, %n) {                              @f is d@g/dx, @g is d@h/dx: @f is the second derivative of @h
      %0 = vjp(@g, "10", %x, %n)
      %1 = item(%0, 1)                              nested_order(@f, "10") is (@h, "10", order 2, arguments 0 and 1)
      %2 = pull(@g, "10", %1, 1.0)
      %3 = item(%2, 0)
      return %3
    }

Taylor mode has it for work that grows with the square of the order, where each nested derivative doubles it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tapeless.ir.abstract import FLOAT
from tapeless.ir.builder import is_primitive
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.traverse import Scopes


@dataclass(frozen=True)
class Chain:
    """The derivative of `graph` of an order by the parameter that `mask` marks, at these arguments.

    An argument is the position of a parameter of the graph that the chain begins with, or a constant.
    """

    graph: Graph
    mask: str
    order: int
    arguments: tuple[int | Constant, ...]


def nested_order(graph: Graph, mask: str) -> Chain | None:
    """What a graph is the derivative of, by the parameter that `mask` marks; None if it is none.

    Each graph of the chain does nothing but to return the derivative of the next, by the parameter passed through.
    """
    scopes = Scopes()
    arguments: tuple[int | Constant, ...] = tuple(range(len(graph.params)))
    seen: list[Graph] = []
    while (link := _link(graph, mask, scopes)) is not None:
        seen.append(graph)
        node, count = link
        inner, marks, *rest = node.args
        assert isinstance(inner, Constant) and isinstance(marks, Constant)
        given = dict(zip(graph.params, arguments))
        arguments = tuple(a if isinstance(a, Constant) else given[a] for a in rest[:count])  # type: ignore[index]
        graph, mask = inner.value, marks.value
        if graph in seen:  # a function that returns its own derivative: no order, and no end
            return None
    return Chain(graph, mask, len(seen), arguments) if seen else None


def _link(graph: Graph, mask: str, scopes: Scopes) -> tuple[Apply, int] | None:
    """The derivative that a graph returns, by the one parameter that is marked, and the number of its arguments."""
    if mask.count("1") != 1:
        return None
    found = _derivative(graph.output)
    if found is None or set(scopes.schedule(graph)) != set(found):
        return None
    node = found[0]
    inner, marks, *rest = node.args
    assert isinstance(inner, Constant) and isinstance(marks, Constant)
    args = rest[: len(marks.value)]
    by = graph.params[mask.index("1")]
    if (
        by.type != FLOAT
        or inner.value.output.type != FLOAT
        or not all(isinstance(a, (Constant, Parameter)) for a in args)
    ):
        return None
    passed = [mark for a, mark in zip(args, marks.value) if a is by]
    return (node, len(args)) if passed == ["1"] and marks.value.count("1") == 1 else None


def _derivative(output: Node) -> list[Apply] | None:
    """The nodes of `grad(f)(...)` or `jvp(f, ..., 1.0)[1]` that a node is the result of; the first runs f."""
    match _applied(output, "item"):
        case Apply(args=(Apply() as whole, Constant(value=k))) as out:
            pass
        case _:
            return None
    if is_primitive(whole, "jvp") and k == 1:
        return [whole, out] if _is_one(whole.args[-1]) else None
    if not is_primitive(whole, "pull") or not _is_one(whole.args[-1]):
        return None
    match _applied(whole.args[2], "item"):
        case Apply(args=(Apply() as both, Constant(value=1))) as pullback if is_primitive(both, "vjp"):
            return [both, pullback, whole, out]
    return None


def _applied(node: Node, name: str) -> Node | None:
    return node if is_primitive(node, name) else None


def _is_one(node: Node) -> bool:
    return isinstance(node, Constant) and node.value == 1.0
