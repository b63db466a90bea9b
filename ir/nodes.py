"""The nodes of the IR: constants, parameters, applications; and graphs, which hold them.

A graph has parameters, an output node and an ordered list of *effects*. A node of one graph that is used in another
is a free variable there: the using graph is nested in the owning one (`parent`). There are three kinds of graph:

    function   called with arguments; first-class before stage TYPED, closed and called directly from TYPED on
    branch     no parameters; an argument of `switch`, which runs one of two
    loop       tail-calls itself: its output is switch(c, @step, @exit), where step, a branch, ends in loop(next...)
               and exit, a branch, returns the parameters as a tuple

Pure nodes have no order but data dependence. What can fail, print, store or not return stands in `effects`, in the
order of the program, and only there does it happen.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import Type
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import Span


class Undef:
    """The value of a variable that has none yet; a constant of every type."""

    def __repr__(self) -> str:
        return "undef"


UNDEF = Undef()


class Node:
    """A value. Nodes compare by identity."""

    __slots__ = ("span", "type")
    type: Type | None
    span: Span | None


class Constant(Node):
    """A value known while compiling: a number, None, a string, UNDEF, a primitive, an operator or a graph."""

    __slots__ = ("value",)

    def __init__(self, value: Any, type: Type | None = None, span: Span | None = None) -> None:
        self.value, self.type, self.span = value, type, span

    def __repr__(self) -> str:
        return repr(self.value)


class Parameter(Node):
    """The i-th argument of a call of `graph`."""

    __slots__ = ("graph", "name")

    def __init__(self, graph: Graph, name: str, type: Type | None = None, span: Span | None = None) -> None:
        self.graph, self.name, self.type, self.span = graph, name, type, span

    def __repr__(self) -> str:
        return f"%{self.name}"


@dataclass(frozen=True)
class CallShape:
    """How the arguments of a SOURCE call were written: `keywords` names the last, `starred` are positions of *args."""

    keywords: tuple[str, ...] = ()
    starred: tuple[int, ...] = ()


PLAIN_CALL = CallShape()


class Apply(Node):
    """The application `fn(*args)`, evaluated in `graph`."""

    __slots__ = ("args", "fn", "graph", "shape")

    def __init__(
        self,
        graph: Graph,
        fn: Node,
        args: tuple[Node, ...],
        type: Type | None = None,
        span: Span | None = None,
        shape: CallShape = PLAIN_CALL,
    ) -> None:
        self.graph, self.fn, self.args, self.type, self.span, self.shape = graph, fn, args, type, span, shape

    def __repr__(self) -> str:
        return f"{self.fn!r}({', '.join(map(repr, self.args))})"


class Graph:
    """A function, branch or loop. See the module's docstring.

    `defaults` maps a parameter's position to the node of its default, which the parent owns; `variadic` says that the
    last positional parameter takes the rest as a tuple; `keyword_only` is the number of trailing keyword-only
    parameters; the three matter before TYPED only. `finite` says that a loop or call always ends.
    `total`: AD made it, no effect of it needs keeping beyond its result.
    """

    __slots__ = (
        "defaults", "effects", "finite", "keyword_only", "kind", "name", "output", "params", "parent", "span", "total",
        "variadic",
    )  # fmt: skip

    def __init__(
        self, name: str, kind: str = "function", parent: Graph | None = None, span: Span | None = None
    ) -> None:
        self.name, self.kind, self.parent, self.span = name, kind, parent, span
        self.params: list[Parameter] = []
        self.output: Node = Constant(UNDEF)
        self.effects: list[Apply] = []
        self.defaults: dict[int, Node] = {}
        self.variadic, self.keyword_only, self.finite, self.total = False, 0, False, False

    def parameter(self, name: str, type: Type | None = None, span: Span | None = None) -> Parameter:
        """Append a parameter and return it."""
        p = Parameter(self, name, type, span)
        self.params.append(p)
        return p

    def __repr__(self) -> str:
        return f"@{self.name}"


def graph_of(node: Node) -> Graph | None:
    """The graph that owns a node; a constant belongs to none."""
    return node.graph if isinstance(node, (Apply, Parameter)) else None


def key_of(node: Node) -> Any:
    """What makes two inputs equal: identity, or the bits of a constant."""
    if node.__class__ is not Constant:
        return node
    value = node.value  # type: ignore[attr-defined]
    return (value.__class__, value if value.__class__ is Graph else repr(value), node.type)


def is_graph(node: Node) -> bool:
    """Whether a node is a graph constant."""
    return isinstance(node, Constant) and isinstance(node.value, Graph)
