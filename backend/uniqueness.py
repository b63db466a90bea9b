"""Which updates change a buffer that certainly has one reference: these need neither a test nor a copy.

What comes in is a program, what goes out is `alone`, a set of applications of primitives that change their input.

The analysis runs the program on counts. A *buffer* here is a number: what one application makes, or what is handed in
at one place of the state of a loop or of the parameters or result of a function. Nodes stand for tuples of buffers,
one for each owner leaf; 0 is a buffer of which nothing is known. `count` has for each buffer at least as many
references as there are to what it stands for, at this point of the program, in the iteration that runs:

    new, nest           a buffer with one reference
    changes             takes a reference; its result is a buffer with one, since the update copies where it must
    views, item         the same buffers, with a reference more
    tuple, record       the buffers of the inputs, whose references were taken over
    all else            0; references that went in are never taken back, so that the buffers are not unique any more
    switch              both branches from the same counts, the larger ones after them
    loop, call          see below

`ownership.References` says where else references are made and dropped. An update is alone if its buffer has one.

**Loops and calls.** Each place of a loop's state, of a function's parameters and of its result is one buffer with one
reference, until something refutes that: an initial value, the value at the way back, an argument or an output that is
not the only reference to its buffer when it is handed on. Then it is 0, and all is done again, until nothing more is
refuted: the greatest fixed point. What the entry of the program is given belongs to others. That this holds when a
program runs is shown by induction over its steps: a claim at a loop's head speaks of a reference that was handed on
alone one step before. What a loop captures it never changes in place, as the graph outside holds a reference meanwhile
that is counted. Maps hand no arrays on.

With `TAPELESS_POISON=1` the test is emitted all the same, and a program that fails it raises a `SystemError`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from tapeless.backend.functions import Steps, drive
from tapeless.backend.ownership import owners
from tapeless.ir.abstract import Never, Type, resolve
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive

if TYPE_CHECKING:
    from tapeless.backend.program import Program

VIEWS = ("window", "reshape", "permute", "with_axes", "sum_to")
"""What gives its input, or part of it; `sum_to` only where it has nothing to sum."""

Buffers = tuple[int, ...]


def checked() -> bool:
    """Whether programs test what this analysis says."""
    return os.environ.get("TAPELESS_POISON", "") not in ("", "0")


class Uniqueness:
    """The updates of a program that are alone."""

    def __init__(self, program: Program) -> None:
        self.program, self.references = program, program.references
        self.refuted: set[tuple[Parameter | Graph, int]] = set()
        self.buffers: dict[Node, Buffers] = {}
        self.count: dict[int, int] = {}
        self.made = 0
        for p in program.entry.params:
            self.refuted.update((p, k) for k in range(self._width(self._type(p))))
        before = -1
        while before != len(self.refuted):
            before = len(self.refuted)
            self.alone: set[Apply] = set()
            self.others: set[Apply] = set()
            for function in program.facts:
                drive(self._function(function))
        self.alone -= self.others  # of a graph that runs in two places

    def _function(self, graph: Graph) -> Steps:
        self.count = {}
        self._receive(graph.params)
        yield self._graph(graph, graph.params)
        self._hand_on(graph.output, graph, self._type(graph.output))

    # -- graphs -----------------------------------------------------------------------------------------------------
    def _graph(self, graph: Graph, given: Iterable[Node], skip: Node | None = None) -> Steps:
        """The applications of a graph, but `skip`, as `FunctionEmitter.run` does them."""
        plan = self.references.plan(graph, given)
        self._drop(plan.unused)
        for node, shared, dying in zip(self.program.scopes.schedule(graph), plan.shared, plan.dying):
            self._share(shared)
            if node is skip:
                continue
            fn = node.fn.value  # type: ignore[attr-defined]
            if isinstance(fn, Primitive) and fn.name == "switch":
                self.buffers[node] = yield self._branches(node, dying)
                dying = set()
            elif isinstance(fn, Graph):
                found = self._loop(node, fn) if fn.kind == "loop" else self._call(node, fn)
                self.buffers[node] = yield found
            elif self._width(self._type(node)):
                self.buffers[node] = self._fitted(self._primitive(node, fn), self._type(node))
            self._drop(dying)
            if self._width(self._type(node)) and node not in plan.needed:
                self._drop([node])
        if plan.borrowed and graph.output is not skip:
            self._share([graph.output])

    def _branches(self, choice: Apply, given: Collection[Node], loop: Graph | None = None) -> Steps:
        """Both branches of a switch; what is unique in both is in the value."""
        before, after, target = self.count, {}, self._type(choice)  # type: ignore[var-annotated]
        unique = [True] * self._width(target)
        for a in choice.args[1:]:
            branch = a.value  # type: ignore[attr-defined]
            output = branch.output
            again = loop is not None and isinstance(output, Apply) and getattr(output.fn, "value", None) is loop
            self.count = dict(before)
            yield self._graph(branch, given, output if again else None)
            if again:
                self._hand_over(output.args, loop.params)  # type: ignore[union-attr]
            elif not self._never(output):
                unique = [self._take(b) and u for b, u in zip(self._fitted(self._of(output), target), unique)]
            for b, n in self.count.items():
                after[b] = max(after.get(b, 0), n)
        self.count = after
        return tuple(self._new() if u else 0 for u in unique)

    def _loop(self, node: Apply, graph: Graph) -> Steps:
        self._hand_over(node.args, graph.params)
        self._receive(graph.params)
        choice = graph.output
        assert isinstance(choice, Apply)
        yield self._graph(graph, graph.params, choice)
        dying = self.references.plan(graph, graph.params).dying[self.program.scopes.schedule(graph).index(choice)]
        result: Buffers = yield self._branches(choice, dying, graph)
        return self._fitted(result, self._type(node))

    def _call(self, node: Apply, graph: Graph) -> Steps:
        self._hand_over(node.args, graph.params)
        yield from ()
        return self._fitted(self._fresh(graph, self._type(graph.output)), self._type(node))

    def _hand_over(self, args: Iterable[Node], params: Iterable[Parameter]) -> None:
        for a, p in zip(args, params):
            self._hand_on(a, p, self._type(p))

    def _hand_on(self, node: Node, place: Parameter | Graph, target: Type) -> None:
        """Refute a place where what it gets has other references."""
        for k, b in enumerate(self._fitted(self._of(node), target)):
            if not self._take(b):
                self.refuted.add((place, k))

    def _receive(self, params: Iterable[Parameter]) -> None:
        for p in params:
            self.buffers[p] = self._fresh(p, self._type(p))

    def _fresh(self, place: Parameter | Graph, target: Type) -> Buffers:
        return tuple(0 if (place, k) in self.refuted else self._new() for k in range(self._width(target)))

    # -- primitives -------------------------------------------------------------------------------------------------
    def _primitive(self, node: Apply, fn: Primitive) -> Buffers:
        """The buffers of a value that has some."""
        args = node.args
        if fn.buffers == "changes":
            (buffer,) = self._of(args[0])
            (self.alone if self.count.get(buffer) == 1 else self.others).add(node)
            self._drop(args[:1])
            return (self._new(),)
        if fn.name in ("tuple", "record"):
            items = self._type(node).items  # type: ignore[attr-defined]
            return tuple(b for a, t in zip(args, items, strict=True) for b in self._fitted(self._of(a), t))
        if fn.name == "item":
            self.buffers[node] = self._item(args[0], args[1].value)  # type: ignore[attr-defined]
            self._share([node])
            return self.buffers[node]
        if fn.name in VIEWS:
            self._share(args[:1])
            return self._of(args[0])
        if fn.buffers == "new":
            return tuple(self._new() for _ in range(self._width(self._type(node))))
        if fn.buffers != "keeps":  # what is kept has been counted, and is not dropped again
            self._share(args)
        return (0,) * self._width(self._type(node))

    def _item(self, whole: Node, index: int) -> Buffers:
        items = self._type(whole).items  # type: ignore[attr-defined]
        start = sum(map(self._width, items[:index]))
        return self._of(whole)[start : start + self._width(items[index])]

    # -- buffers ----------------------------------------------------------------------------------------------------
    def _of(self, node: Node) -> Buffers:
        if isinstance(node, Constant):
            return (0,) * self._width(self._type(node)) if node.value is UNDEF else ()
        return self.buffers.get(node, ())

    def _new(self) -> int:
        self.made += 1
        self.count[self.made] = 1
        return self.made

    def _share(self, nodes: Iterable[Node]) -> None:
        for b in (b for n in nodes for b in self._of(n) if b):
            self.count[b] = self.count.get(b, 0) + 1

    def _drop(self, nodes: Iterable[Node]) -> None:
        for b in (b for n in nodes for b in self._of(n) if b):
            self.count[b] -= 1

    def _take(self, buffer: int) -> bool:
        """Whether the only reference to a buffer is handed on: then there is none left here."""
        return self.count.get(buffer) == 1 and self.count.pop(buffer) == 1

    # -- types ------------------------------------------------------------------------------------------------------
    def _type(self, node: Node) -> Type:
        return resolve(self.references.type(node))

    def _width(self, t: Type) -> int:
        return len(owners(self.program.layouts.leaves(t)))

    def _fitted(self, buffers: Buffers, target: Type) -> Buffers:
        """The buffers of a value where one of another type is wanted; of a union, which has a tag, they are unknown."""
        leaves = self.program.layouts.leaves(target)
        width = len(owners(leaves))
        return buffers if len(buffers) == width and "i8" not in leaves else (0,) * width

    def _never(self, output: Node) -> bool:
        undefined = isinstance(output, Constant) and output.value is UNDEF
        return not undefined and isinstance(self._type(output), Never)
