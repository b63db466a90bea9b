"""What the backend knows about a program before it writes a line: its functions, who calls whom, who allocates.

The stack is checked by functions in a cycle of calls. An allocation lives until the arena is released to a mark: by a
function whose result holds no pointer, and by a loop whose state holds none, on the way out and at each iteration. A
store of a pointer into a cell could outlive that, so a function or loop that does it, or calls one that does, keeps
what it allocates; and so does every one if the program prints boxes, which are formatted after the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tapeless.backend.layout import Layouts
from tapeless.backend.order import Ordered
from tapeless.backend.stacks import Stacks
from tapeless.ir.abstract import Type, resolve
from tapeless.ir.builder import is_primitive
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import InternalError, Span
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import mentioned

if TYPE_CHECKING:
    from tapeless.backend.ownership import References

INTERRUPTED, NO_MEMORY, FIRST_SITE = 1, 2, 3


@dataclass(frozen=True)
class Site:
    """A place that can raise: the exception, its message, the user's line, how many ints go into the message."""

    exception: str
    message: str
    span: Span | None
    details: int = 0


@dataclass(frozen=True)
class Printed:
    """A `print`: what separates and ends, and the types of the values."""

    sep: str | None
    end: str | None
    types: tuple[Type, ...]


@dataclass
class Facts:
    """What one graph, with the branches and loops in it, does; `callees` are function graphs.

    `arrays` says that it makes buffers. `circular` are its sines and cosines; `cycle` has the functions that call one
    another, this one among them, if it is recursive. `touches` says that it allocates, or calls what does; `leaks` that
    some of it outlives the call.
    """

    callees: dict[Graph, None] = field(default_factory=dict)
    circular: list[Apply] = field(default_factory=list)
    allocates: bool = False
    stores_pointers: bool = False
    needs_context: bool = False
    loops: bool = False
    arrays: bool = False
    cycle: tuple[Graph, ...] = ()
    touches: bool = False
    leaks: bool = False
    releases: bool = False


class Program:
    """A closed program, rooted at `entry`, and the tables that its code refers to by index."""

    def __init__(self, entry: Graph) -> None:
        self.entry = entry
        self.layouts = Layouts()
        self.scopes = Ordered()
        self.sites: dict[Site, int] = {}
        self.prints: dict[Printed, int] = {}
        self.lowers: dict[str, None] = {}
        self.symbols: dict[str, None] = {}
        self.blas: dict[str, None] = {}
        self.definitions: dict[str, str] = {}  # further functions that the code calls: their text
        self._defined: dict[str, str] = {}  # the name of each, by its text without names
        self.parallel = False  # whether there are nests that threads may run
        self.thin = False  # whether there are products that may have few columns
        self.vectors: dict[str, None] = {}  # functions of libm that nests call
        self.largest_box = 16  # bytes of the largest one that is read
        self.escaping: set[Node] = set()
        self._nested: dict[Graph, list[Graph]] = {}
        self._releases: dict[Graph, bool] = {}
        self.prints_boxes = False
        self.facts: dict[Graph, Facts] = {}
        self._find_functions()
        self._mark_cycles()
        self._solve()
        self.stacks = Stacks(self)
        self.layouts = Layouts(self.stacks.links)
        self.names = {g: f'@"{quotable(g.name)}.{i}"' for i, g in enumerate(self.facts)}

    def define(self, name: str, text: str) -> str:
        """A further function; its name, which is that of an earlier one with the same code."""
        name = self._defined.setdefault(text.replace(f"@{name}", "@"), name)
        self.definitions.setdefault(name, text)
        return name

    @cached_property
    def references(self) -> References:
        """Where references to buffers are made and dropped."""
        from tapeless.backend.ownership import References

        return References(self)

    @cached_property
    def alone(self) -> set[Apply]:
        """The updates of buffers that certainly have one reference."""
        from tapeless.backend.uniqueness import Uniqueness

        return Uniqueness(self).alone

    def site(self, exception: str, message: str, span: Span | None, details: int = 0) -> int:
        """The code with which the kernel leaves to raise this here."""
        return self.sites.setdefault(Site(exception, message, span, details), len(self.sites) + FIRST_SITE)

    def printed(self, site: Printed) -> int:
        """The index of a print."""
        return self.prints.setdefault(site, len(self.prints))

    def symbol(self, name: str) -> str:
        """A function of the runtime that the code calls; its name in LLVM."""
        self.symbols[name] = None
        return f"@{name}"

    def routine(self, lower: str) -> str:
        """A function of arithmetic that a primitive is lowered to, "call:..." or "libm:..."; its name in LLVM."""
        self.lowers[lower] = None
        kind, _, name = lower.partition(":")
        return f"@{name}" if kind == "call" else f"@tl_{name}"

    def type(self, node: Node) -> Type:
        """The type of a node, which every node has by now."""
        if node.type is None:
            raise InternalError(f"backend: {node!r} has no type", node.span)
        return resolve(node.type)

    def nested(self, graph: Graph) -> list[Graph]:
        """A graph and the branches and loops in it."""
        if graph not in self._nested:
            found = dict.fromkeys([graph])
            todo = [graph]
            while todo:
                for g in mentioned(todo.pop(), self.scopes):
                    if g.kind != "function" and g not in found:
                        found[g] = None
                        todo.append(g)
            self._nested[graph] = list(found)
        return self._nested[graph]

    def region(self, graph: Graph) -> Facts:
        """The facts of a loop and all in it, after those of the functions are known."""
        facts = Facts()
        self._collect(graph, facts)
        facts.allocates |= any(self.facts[f].leaks for f in facts.callees)
        facts.stores_pointers |= any(self.facts[f].stores_pointers for f in facts.callees)
        return facts

    def releases(self, loop: Graph) -> bool:
        """Whether what an iteration of a loop allocates is dead when it ends."""
        if loop not in self._releases:
            pointers = any(self.layouts.has_pointer(self.type(p)) for p in loop.params)
            facts = self.region(loop)
            dead = not (pointers or self.prints_boxes or facts.stores_pointers)
            self._releases[loop] = dead and facts.allocates
        return self._releases[loop]

    def allocates(self, node: Apply) -> bool:
        """Whether an application takes memory from the arena itself."""
        return is_primitive(node, "box") or (is_primitive(node, "cell") and node in self.escaping)

    def uses(self, what: str) -> bool:
        """Whether any function has a fact."""
        return any(getattr(f, what) for f in self.facts.values())

    def _find_functions(self) -> None:
        todo = [self.entry]
        while todo:
            graph = todo.pop()
            if graph in self.facts:
                continue
            facts = self.facts[graph] = Facts()
            self._find_escaping(graph)
            self._collect(graph, facts)
            todo += reversed(facts.callees)

    def _find_escaping(self, function: Graph) -> None:
        """Cells of which more is known to the program than where they are loaded and stored."""
        for graph in self.nested(function):
            self.escaping.add(graph.output)
            for node in self.scopes.schedule(graph):
                local = is_primitive(node, "load") or is_primitive(node, "store")
                self.escaping.update(node.args[1:] if local else node.args)

    def _collect(self, function: Graph, facts: Facts) -> None:
        for graph in self.nested(function):
            facts.loops |= graph.kind == "loop"
            for node in self.scopes.schedule(graph):
                assert isinstance(node.fn, Constant), f"{node!r} at stage PLAIN applies a computed function"
                fn = node.fn.value
                if isinstance(fn, Graph):
                    if fn.kind == "function":
                        facts.callees[fn] = None
                else:
                    self._note(node, fn, facts)
        facts.needs_context |= facts.loops

    def _note(self, node: Apply, fn: Primitive, facts: Facts) -> None:
        if fn.makes_buffers:
            facts.arrays = facts.needs_context = True
            self.symbol("tl_free_buffer")
        match fn.name:
            case "box":
                facts.allocates = facts.needs_context = True
            case "cell" if node in self.escaping:
                facts.allocates = facts.needs_context = True
            case "store":
                facts.stores_pointers |= self.layouts.has_pointer(self.type(node.args[1]))
            case "sin" | "cos":
                facts.circular.append(node)
            case "check":
                facts.needs_context = True
            case "print":
                facts.needs_context = True
                self.prints_boxes |= any(self.layouts.has_pointer(self.type(a)) for a in node.args[2:])

    def _mark_cycles(self) -> None:
        for component in components({f: list(self.facts[f].callees) for f in self.facts}):
            if len(component) > 1 or component[0] in self.facts[component[0]].callees:
                for f in component:
                    self.facts[f].cycle, self.facts[f].needs_context = tuple(component), True

    def _solve(self) -> None:
        """Least fixed point over calls: what a function does through those that it calls."""
        changed = True
        while changed:
            changed = False
            for graph, facts in self.facts.items():
                before = (facts.stores_pointers, facts.touches, facts.leaks, facts.releases)
                for callee in facts.callees:
                    facts.stores_pointers |= self.facts[callee].stores_pointers
                pointerless = not self.layouts.has_pointer(self.type(graph.output))
                inside = facts.allocates or any(self.facts[c].leaks for c in facts.callees)
                facts.releases = inside and pointerless and not facts.stores_pointers and not self.prints_boxes
                facts.leaks = inside and not facts.releases
                facts.touches = facts.allocates or any(self.facts[c].touches for c in facts.callees)
                changed |= before != (facts.stores_pointers, facts.touches, facts.leaks, facts.releases)


def quotable(name: str) -> str:
    """A name without the two characters that mean something between the quotes of LLVM."""
    return name.replace('"', "").replace("\\", "")


def components(edges: dict[Graph, list[Graph]]) -> Iterator[list[Graph]]:
    """The strongly connected components of a call graph (Tarjan 1972, iterative)."""
    index: dict[Graph, int] = {}
    low: dict[Graph, int] = {}
    stack: list[Graph] = []
    on_stack: set[Graph] = set()
    for root in edges:
        work = [] if root in index else [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            for child in rest:
                if child not in index:
                    work.append((child, iter(edges[child])))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[Graph] = []
                    while not component or component[-1] is not node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    yield component
