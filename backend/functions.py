"""One LLVM function for each function graph; branches and loops become blocks of it.

A graph's applications are written in the order of its schedule where the graph runs, so an instruction dominates all
that uses it. Graphs nest as deeply as the user's `elif` chain is long: emission is a stack of generators, no recursion.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tapeless.backend import convert, loops, memory, vector
from tapeless.backend.emit import UNLIKELY, Text, Values, number, returned
from tapeless.backend.layout import ZEROS
from tapeless.backend.program import Facts, Program
from tapeless.backend.runtime import CONTEXT
from tapeless.backend.sincos import NAMES, SinCos
from tapeless.backend.structure import emitter
from tapeless.backend.unroll import Definition
from tapeless.ir.abstract import Box, Cell, Never, Scalar, Type, resolve
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive

if TYPE_CHECKING:
    from tapeless.backend.ownership import Ownership

# a step of emission: it may yield further steps, to be done before it goes on, and gets their results
Steps = Generator["Steps", Any, Any]

TOO_DEEP = "maximum recursion depth exceeded"


class FunctionEmitter(Text):
    """Writes one function."""

    def __init__(self, program: Program, graph: Graph, facts: Facts | None = None) -> None:
        super().__init__()
        self.program, self.graph, self.layouts = program, graph, program.layouts
        self.facts = program.facts[graph] if facts is None else facts
        self.values: dict[Node, Values] = {}
        self._failures: dict[tuple[int | str, ...], str] = {}
        self._sincos = SinCos(self)
        self.ownership = self._owners() if program.uses("arrays") and facts is None else None

    def _owners(self) -> Ownership:
        from tapeless.backend.ownership import Ownership

        return Ownership(self)

    def apart(self, map: Graph) -> FunctionEmitter:
        """A writer of a function that runs a map, which owns no arrays."""
        return FunctionEmitter(self.program, map, self.program.region(map))

    def steps(self, root: Steps) -> Any:
        """Do steps to their end; their result."""
        return drive(root)

    def define(self) -> Definition:
        """The definition of the function."""
        parameters = self._parameters()
        check, go_on = self._check_stack() if self.facts.cycle else ("", "")
        mark = memory.mark(self) if self.facts.releases else ""
        drive(self.run(self.graph, given=self.graph.params))
        output = self.graph.output
        leaves = self.layouts.leaves(self.type(output))
        if not self.dead:
            if mark:
                memory.release(self, mark)
            self.give(leaves, self.value(output))
        name = self.program.names[self.graph]
        # recursion without end must run out of stack, as in Python, and not become a loop; an adjoint ends
        endless = self.facts.cycle and not self.graph.total
        attributes = '#0 "disable-tail-calls"="true"' if endless else "#0"
        if self.facts.arrays:
            attributes += f" {vector.WIDE}"
        return Definition(name, returned(leaves), parameters, attributes, self.body(), check, go_on)

    def run(self, graph: Graph, skip: Apply | None = None, given: Iterable[Node] = ()) -> Steps:
        """The applications of one graph, but `skip`; the block is dead afterwards if the graph gives no value.

        References to `given` values become the graph's.
        """
        ownership = self.ownership
        if ownership is not None:
            ownership.enter(graph, given)
        for i, node in enumerate(self.program.scopes.schedule(graph)):
            if self.dead:
                return
            dying = set() if ownership is None else ownership.before(graph, i, node)
            if node is skip:
                continue
            assert isinstance(node.fn, Constant)
            fn = node.fn.value
            if isinstance(fn, Graph):
                self.values[node] = (yield loops.loop(self, node)) if fn.kind == "loop" else self._call(node, fn)
            elif fn.name == "switch":
                self.values[node] = yield self._switch(node)
            elif fn.name in ("nest", "put_nest"):
                self.values[node] = yield self._nest(node)
            else:
                self.values[node] = self._primitive(node, fn)
            if ownership is not None and not self.dead:
                handed = isinstance(fn, Primitive) and fn.name == "switch"
                ownership.after(graph, node, () if handed else dying)
        if ownership is not None and not self.dead and graph.output is not skip:
            ownership.leave(graph)
        if not self.dead and self._has_no_value(graph.output):
            self.stop()

    def value(self, node: Node) -> Values:
        """The leaves of a node that is constant or was written before."""
        if isinstance(node, Constant):
            return self._constant(node)
        if node not in self.values:
            raise InternalError(f"backend: {node!r} is used in @{self.graph.name} before it is computed", node.span)
        return self.values[node]

    def type(self, node: Node) -> Type:
        """The type of a node as its maker stated it (a filled-in pullback is not resolved: unions know it by name)."""
        return node.type if node.type is not None else self.program.type(node)

    def fit(self, values: Values, source: Type, target: Type) -> Values:
        """A value of one type where one of another is wanted."""
        return convert.fit(self, self.layouts, values, source, target)

    def fitted(self, node: Node, target: Type) -> Values:
        """The value of a node where one of type `target` is wanted."""
        if isinstance(node, Constant) and node.value is UNDEF:
            return convert.zeros(self.layouts, target)
        return self.fit(self.value(node), self.type(node), target)

    def body_type(self, node: Node) -> Type:
        """The type of what a box or cell holds."""
        t = self.program.type(node)
        assert isinstance(t, (Box, Cell))
        body = t.content if isinstance(t, Cell) else t.body
        assert body is not None
        return body

    def failure(self, code: int, details: Sequence[str] = ()) -> str:
        """The block that leaves the kernel with a code, and the ints that its message tells."""
        if (code, *details) not in self._failures:
            label = self._failures[code, *details] = self.label("fail")
            raise_ = self.program.symbol("tl_raise")
            self.exits.append(f"{label}:")
            for k, n in enumerate(details):
                at = self.name()
                self.exits.append(f"  {at} = getelementptr i8, ptr %ctx, i64 {CONTEXT['detail0'] + 8 * k}")
                self.exits.append(f"  store i64 {n}, ptr {at}")
            self.exits += [f"  call void {raise_}(ptr %ctx, i32 {code}) #1", "  unreachable"]
        return self._failures[code, *details]

    def raise_(self, code: int, details: Sequence[str] = ()) -> None:
        """Leave the kernel here."""
        self.jump(self.failure(code, details))
        self.dead = True

    def branches(self, node: Apply, then: str, orelse: str) -> tuple[tuple[str, Graph], tuple[str, Graph]]:
        """End the block with the condition of a switch; the labels of its graphs, which are still to be written."""
        condition, a, b = node.args
        assert isinstance(a, Constant) and isinstance(b, Constant)
        labels = self.label(then), self.label(orelse)
        self.branch(self.value(condition)[0], *labels)
        return (labels[0], a.value), (labels[1], b.value)

    def given(self, switch: Apply) -> set[Node]:
        """The values whose references a switch hands to its branches."""
        return set() if self.ownership is None else self.ownership.dying[switch]

    def _switch(self, node: Apply) -> Steps:
        target = self.type(node)
        incoming: list[tuple[str, Values]] = []
        end = ""
        for label, graph in self.branches(node, "then", "else"):
            self.start(label)
            yield self.run(graph, given=self.given(node))
            if not self.dead:
                values = self.fitted(graph.output, target)
                end = end or self.label("join")
                incoming.append((self.block, values))
                self.jump(end)
        return self.join(end, incoming, self.layouts.leaves(target))

    def _call(self, node: Apply, callee: Graph) -> Values:
        arguments = [("ptr", "%ctx")]
        for arg, p in zip(node.args, callee.params, strict=True):
            t = self.type(p)
            arguments += zip(self.layouts.leaves(t), self.fitted(arg, t))
        result = self.type(callee.output)
        values = self.call(self.program.names[callee], self.layouts.leaves(result), arguments, "fastcc ")
        if self._has_no_value(callee.output):
            self.stop()
            return ()
        return self.fit(values, result, self.type(node))

    def _nest(self, node: Apply) -> Steps:
        from tapeless.backend.nests import nest

        return nest(self, node)

    def _primitive(self, node: Apply, fn: Primitive) -> Values:
        emit = emitter(fn)
        if emit is not None:
            return emit(self, node)
        in_nest = node.graph.kind == "map"  # where vector functions are faster than both at once
        if fn.name in NAMES and not in_nest and (both := self._sincos.value(node)) is not None:
            return both
        arguments = [(leaf, v) for a in node.args for leaf, v in zip(self.layouts.leaves(self.type(a)), self.value(a))]
        if fn.lower.startswith(("call:", "libm:")):
            attributes = self._vector(fn.lower) if in_nest else ""
            leaves = self.layouts.leaves(self.type(node))
            return self.call(self.program.routine(fn.lower), leaves, arguments, attributes=attributes)
        if fn.lower == "same":
            return self.value(node.args[0])
        if not fn.lower:
            raise InternalError(f"backend: the primitive {fn.name} has no lowering", node.span)
        return (self.op(fn.lower.format(*(v for _, v in arguments))),)

    def _vector(self, lower: str) -> str:
        """What a call in a nest says about vector functions in its place."""
        kind, _, name = lower.partition(":")
        if kind != "libm" or not vector.variants(name):
            return ""
        self.program.vectors[name] = None
        return vector.mapping(name)

    def _constant(self, node: Constant) -> Values:
        if node.value is UNDEF:
            return convert.zeros(self.layouts, self.type(node))
        leaves = self.layouts.leaves(self.type(node))
        if isinstance(resolve(self.type(node)), Scalar):
            return (number(node.value, leaves[0]),)
        if all(leaf == "ptr" for leaf in leaves) and node.value is None:
            return tuple(ZEROS[leaf] for leaf in leaves)
        if leaves:
            raise InternalError(f"backend: no constant {node.value!r} of type {node.type}", node.span)
        return ()

    def _has_no_value(self, output: Node) -> bool:
        undefined = isinstance(output, Constant) and output.value is UNDEF
        return not undefined and isinstance(resolve(self.type(output)), Never)

    def _parameters(self) -> str:
        text = ["ptr %ctx"]
        for i, p in enumerate(self.graph.params):
            leaves = self.layouts.leaves(self.type(p))
            names = self.values[p] = tuple(f"%p{i}.{j}" for j in range(len(leaves)))
            text += [f"{leaf} {name}" for leaf, name in zip(leaves, names)]
        return ", ".join(text)

    def _check_stack(self) -> tuple[str, str]:
        """Ask the runtime when the stack pointer has passed the limit, which a signal may have raised.

        The instructions, and the block where the function goes on.
        """
        begin = len(self.lines)
        pointer = self.op("call i64 @llvm.read_register.i64(metadata !0)")
        limit = self.op(f"load volatile i64, ptr {self.at('%ctx', CONTEXT['stack_limit'])}")
        below = self.op(f"icmp ult i64 {pointer}, {limit}")
        slow, go_on = self.label("deep"), self.label("go")
        self.branch(below, slow, go_on, UNLIKELY)
        check = "\n".join(self.lines[begin:])
        code = self.program.site("RecursionError", TOO_DEEP, self.graph.span)
        deep = self.program.symbol("tl_deep")
        self.cold += [f"{slow}:", f"  call preserve_allcc void {deep}(ptr %ctx, i32 {code})", f"  br label %{go_on}"]
        self.start(go_on)
        return check, go_on


def drive(root: Steps) -> Any:
    """Run steps that yield steps, without recursion."""
    stack = [root]
    result: Any = None
    while stack:
        try:
            child = stack[-1].send(result)
        except StopIteration as end:
            stack.pop()
            result = end.value
        else:
            stack.append(child)
            result = None
    return result
