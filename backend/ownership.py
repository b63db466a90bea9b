"""Who owns the buffers of arrays: where references are counted in emitted code.

Every owner leaf in a register is one reference to its buffer. It belongs to the graph that computed the value (or was
given it: parameters, state of a loop), which drops it after its last use there. Some uses *consume* it: arguments of
calls, the state of loops, what a value is made of, what an update changes. A consuming last use hands the reference on;
another consuming use gets one of its own. A switch that is the last use of a value hands it to its branches, each of
which uses or drops it. What a box or location holds stays until the kernel ends.

So a buffer with one reference is in no other hands, and an update may write to it.
Source: Reinking, Xie, de Moura and Leijen (2021), "Perceus: garbage free reference counting with reuse".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tapeless.backend.layout import POINTER, Leaves
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import inputs

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter


def owners(leaves: Leaves) -> list[int]:
    """Where the owners are among the leaves of a value: of the pointers of arrays, owner and data, every other one."""
    return [i for i, leaf in enumerate(leaves) if leaf == POINTER][::2]


class Ownership:
    """The references of one function while it is emitted."""

    def __init__(self, e: FunctionEmitter) -> None:
        self.e = e
        self.held: dict[Graph, set[Node]] = {}
        self.last: dict[Graph, dict[Node, int]] = {}
        self.dying: dict[Apply, set[Node]] = {}

    def holds(self, node: Node) -> bool:
        """Whether a node's value has references."""
        return not isinstance(node, Constant) and POINTER in self.e.layouts.leaves(self.e.type(node))

    def reads(self, node: Apply) -> Iterable[Node]:
        """What an application needs that has references, also in its nested graphs."""
        yield from (n for n in inputs(node) if self.holds(n))
        yield from self.captured(node)

    def captured(self, node: Apply) -> Iterable[Node]:
        """What the nested graphs of an application need."""
        for n in inputs(node):
            if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.kind != "function":
                yield from filter(self.holds, self.e.program.scopes.captures(n.value))

    # -- graphs -----------------------------------------------------------------------------------------------------
    def enter(self, graph: Graph, given: Iterable[Node]) -> None:
        """Begin a graph that is given some values."""
        last = self.last[graph] = {}
        for i, node in enumerate(schedule := self.e.program.scopes.schedule(graph)):
            for n in self.reads(node):
                last[n] = i
        if self.holds(graph.output):
            last[graph.output] = len(schedule)
        self.held[graph] = set(given)
        for n in list(given):
            if n not in last:
                self.drop(n)

    def leave(self, graph: Graph) -> None:
        """The output is handed on: where it is only borrowed, a reference of its own is."""
        if self.holds(graph.output) and graph.output not in self.held[graph]:
            self.share(graph.output)

    # -- applications -----------------------------------------------------------------------------------------------
    def before(self, graph: Graph, i: int, node: Apply) -> set[Node]:
        """What dies with an application and is not handed on by it; makes references for what it consumes."""
        last, held = self.last[graph], self.held[graph]
        dying = {n for n in self.reads(node) if last[n] == i and n in held}
        consumed = self._consumed(node)
        free = dying.difference(self.captured(node))  # what a loop reads while it runs is not its state's alone
        for n in node.args:
            if consumed.count(n) < node.args.count(n):
                free.discard(n)
        for n in consumed:
            if n in free:
                free.discard(n)
                dying.discard(n)
                held.discard(n)
            else:
                self.share(n)
        self.dying[node] = dying
        return dying

    def after(self, graph: Graph, node: Apply, dying: Iterable[Node]) -> None:
        """Drop what has died; the result is held."""
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        has = self.holds(node)
        if has and isinstance(fn, Primitive) and fn.buffers == "shares":
            self.share(node)
        for n in sorted(dying, key=lambda n: self.e.values[n]):
            self.drop(n)
        if has:
            self.held[graph].add(node)
            if node not in self.last[graph]:
                self.drop(node)

    def _consumed(self, node: Apply) -> list[Node]:
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        args = node.args
        if isinstance(fn, Primitive):
            args = {"keeps": args, "changes": args[:1]}.get(fn.buffers, ())
        return [a for a in args if not isinstance(a, Constant) and self.holds(a)]

    # -- references -------------------------------------------------------------------------------------------------
    def share(self, node: Node) -> None:
        """Another reference to each buffer of a value."""
        self._each(node, "tl_retain")

    def drop(self, node: Node) -> None:
        """One reference less to each buffer of a value."""
        self._each(node, "tl_release")

    def _each(self, node: Node, function: str) -> None:
        values = self.e.value(node)
        for i in owners(self.e.layouts.leaves(self.e.type(node))):
            if values[i] != "null":
                self.e.do(f"call void @{function}(ptr %ctx, {POINTER} {values[i]})")
