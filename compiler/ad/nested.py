"""Nested derivatives by one float: a chain of graphs, each the derivative of the next, is one of higher order.

    graph @f(%x, %n) {                                           @f is d@g/dx, @g is d@h/dx:
      %0 = gradient(@g, "10", %x, %n, "auto")                    @f is the second derivative of @h
      %1 = item(%0, 1)
      return %1                                                  nested_order(@f, "10") is
    }                                                            (@h, "10", order 2, arguments 0 and 1)

Taylor mode, which is forward mode of higher order, has it for work that grows with the square of the order, where each
nested derivative doubles it. A gradient that has to be taken in reverse ends a chain.
"""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT
from tapeless.ir.builder import is_primitive
from tapeless.ir.dataclass import dataclass
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
        inner, marks, *args, _ = link.args
        assert isinstance(inner, Constant) and isinstance(marks, Constant)
        given = dict(zip(graph.params, arguments))
        arguments = tuple(a if isinstance(a, Constant) else given[a] for a in args)  # type: ignore[index]
        graph, mask = inner.value, marks.value
        if graph in seen:  # a function that returns its own derivative: no order, and no end
            return None
    return Chain(graph, mask, len(seen), arguments) if seen else None


def _link(graph: Graph, mask: str, scopes: Scopes) -> Apply | None:
    """The gradient that a graph returns, by the one parameter that is marked."""
    if mask.count("1") != 1:
        return None
    node = _gradient(graph.output)
    if node is None or set(scopes.schedule(graph)) != {node, graph.output}:
        return None
    inner, marks, *args, _ = node.args
    assert isinstance(inner, Constant) and isinstance(marks, Constant)
    by = graph.params[mask.index("1")]
    if (
        by.type != FLOAT
        or inner.value.output.type != FLOAT
        or not all(isinstance(a, (Constant, Parameter)) for a in args)
    ):
        return None
    passed = [mark for a, mark in zip(args, marks.value) if a is by]
    return node if passed == ["1"] and marks.value.count("1") == 1 else None


def _gradient(output: Node) -> Apply | None:
    """The gradient, if not in reverse, that a node is the first cotangent of."""
    match output:
        case Apply(args=(Apply() as whole, Constant(value=1))) if is_primitive(output, "item"):
            wanted = whole.args[-1]
            if is_primitive(whole, "gradient") and isinstance(wanted, Constant) and wanted.value != "reverse":
                return whole
    return None
