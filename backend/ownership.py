"""Who owns the buffers of arrays: where references are counted in emitted code.

Every owner leaf in a register is one reference to its buffer. It belongs to the graph that computed the value (or was
given it: parameters, state of a loop), which drops it after its last use there. Some uses *consume* it: arguments of
calls, the state of loops, what a value is made of, what an update changes. A consuming last use hands the reference on;
another consuming use gets one of its own. A switch that is the last use of a value hands it to its branches, each of
which uses or drops it. What a box or location holds stays until the kernel ends.

So a buffer with one reference is in no other hands, and an update may write to it. `References` says for each graph
where references are made and dropped; `Ownership` writes that down, and `uniqueness.py` counts along with it.
Source: Reinking, Xie, de Moura and Leijen (2021), "Perceus: garbage free reference counting with reuse".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tapeless.backend.layout import POINTER, Leaves
from tapeless.ir.abstract import Type
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter
    from tapeless.backend.program import Program


def owners(leaves: Leaves) -> list[int]:
    """Where the owners are among the leaves of a value: of the pointers of arrays, owner and data, every other one."""
    return [i for i, leaf in enumerate(leaves) if leaf == POINTER][::2]


@dataclass
class Plan:
    """What becomes of references in one graph.

    unused      given to it, and dropped at once
    shared      for each application: what it consumes and does not end, so that there is a further reference
    dying       for each application: what ends with it and is not consumed. A switch hands it to its branches
    needed      what is used at all: other results are dropped at once
    borrowed    the output belongs to another graph, so that it is handed on with a reference of its own
    """

    unused: list[Node]
    shared: list[list[Node]]
    dying: list[set[Node]]
    needed: dict[Node, int]
    borrowed: bool


class References:
    """The plans of a program's graphs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._plans: dict[tuple[Graph, frozenset[Node]], Plan] = {}

    def plan(self, graph: Graph, given: Iterable[Node]) -> Plan:
        """The plan of a graph that is given some values."""
        key = graph, frozenset(filter(self.holds, given))
        if key not in self._plans:
            self._plans[key] = self._planned(graph, set(key[1]))
        return self._plans[key]

    def _planned(self, graph: Graph, held: set[Node]) -> Plan:
        last: dict[Node, int] = {}
        for i, node in enumerate(schedule := self.program.scopes.schedule(graph)):
            for n in self._reads(node):
                last[n] = i
        if self.holds(graph.output):
            last[graph.output] = len(schedule)
        unused = [n for n in held if n not in last]
        shared: list[list[Node]] = []
        dying: list[set[Node]] = []
        for i, node in enumerate(schedule):
            shared.append([])
            dying.append({n for n in self._reads(node) if last[n] == i and n in held})
            self._consume(node, held, shared[i], dying[i])
            if self.holds(node):
                held.add(node)
        borrowed = self.holds(graph.output) and graph.output not in held
        return Plan(unused, shared, dying, last, borrowed)

    def _consume(self, node: Apply, held: set[Node], shared: list[Node], dying: set[Node]) -> None:
        """Take what an application is handed out of what is held and dies; add to what is shared."""
        consumed = self._consumed(node)
        free = dying.difference(self._captured(node))  # what a loop reads while it runs is not its state's alone
        for n in node.args:
            if consumed.count(n) < node.args.count(n):
                free.discard(n)
        for n in consumed:
            if n in free:
                free.discard(n)
                dying.discard(n)
                held.discard(n)
            else:
                shared.append(n)

    def type(self, node: Node) -> Type:
        """The type of a node as its maker stated it, as in `FunctionEmitter`."""
        return node.type if node.type is not None else self.program.type(node)

    def holds(self, node: Node) -> bool:
        """Whether a node's value has references."""
        return not isinstance(node, Constant) and POINTER in self.program.layouts.leaves(self.type(node))

    def _reads(self, node: Apply) -> Iterable[Node]:
        """What an application needs that has references, also in its nested graphs."""
        return filter(self.holds, self.program.scopes.reads(node))

    def _captured(self, node: Apply) -> Iterable[Node]:
        """What the nested graphs of an application need."""
        return filter(self.holds, self.program.scopes.captured(node))

    def _consumed(self, node: Apply) -> list[Node]:
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        args = node.args
        if isinstance(fn, Primitive):
            args = {"keeps": args, "changes": args[:1]}.get(fn.buffers, ())
        return [a for a in args if not isinstance(a, Constant) and self.holds(a)]


class Ownership:
    """The references of one function while it is emitted."""

    def __init__(self, e: FunctionEmitter) -> None:
        self.e, self.references = e, e.program.references
        self.plans: dict[Graph, Plan] = {}
        self.dying: dict[Apply, set[Node]] = {}

    def enter(self, graph: Graph, given: Iterable[Node]) -> None:
        """Begin a graph that is given some values."""
        plan = self.plans[graph] = self.references.plan(graph, given)
        for n in plan.unused:
            self.drop(n)

    def leave(self, graph: Graph) -> None:
        """The output is handed on: where it is only borrowed, a reference of its own is."""
        if self.plans[graph].borrowed:
            self.share(graph.output)

    def before(self, graph: Graph, i: int, node: Apply) -> set[Node]:
        """What dies with an application and is not handed on by it; makes references for what it consumes."""
        plan = self.plans[graph]
        for n in plan.shared[i]:
            self.share(n)
        self.dying[node] = plan.dying[i]
        return plan.dying[i]

    def after(self, graph: Graph, node: Apply, dying: Iterable[Node]) -> None:
        """Drop what has died; the result is held."""
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        has = self.references.holds(node)
        if has and isinstance(fn, Primitive) and fn.buffers == "shares":
            self.share(node)
        for n in sorted(dying, key=lambda n: self.e.values[n]):
            self.drop(n)
        if has and node not in self.plans[graph].needed:
            self.drop(node)

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
