"""Loops over the elements of arrays, where they stand or in a function apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from tapeless.backend.emit import Values
from tapeless.backend.layout import POINTER
from tapeless.ir.abstract import Array
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.nodes import Node

if TYPE_CHECKING:
    from tapeless.backend.arrays import View
    from tapeless.backend.functions import FunctionEmitter


def over(e: FunctionEmitter, sizes: Sequence[str], body: Any, outer: tuple[str, ...] = (), low: str = "0") -> Any:
    """One loop inside another, the outermost from `low` on; `body` is a step that gets the indices."""
    depth = len(outer)
    if depth == len(sizes):
        yield from body(list(outer))
        return
    if sizes[depth] == "1":
        yield from over(e, sizes, body, (*outer, "0"))
        return
    head, inside, end, before = e.label("over"), e.label("each"), e.label("done"), e.block
    i, following = e.name(), e.name()
    e.loops.append(head)
    e.jump(head)
    e.start(head)
    hole = len(e.lines)
    e.branch(e.op(f"icmp slt i64 {i}, {sizes[depth]}"), inside, end)
    e.start(inside)
    yield from over(e, sizes, body, (*outer, i))
    e.do(f"{following} = add nuw nsw i64 {i}, 1")
    last = e.block
    e.jump(head)
    e.lines.insert(hole, f"  {i} = phi i64 [{low}, %{before}], [{following}, %{last}]")
    e.start(end)


def run(steps: Any) -> None:
    """Run a loop whose body runs no graph."""
    for _ in steps:
        raise InternalError("backend: a loop of the runtime runs a graph")


class Outside:
    """What a function that is written apart reads of the one around it: parameters, each with the value given."""

    def __init__(self) -> None:
        self.parameters: list[tuple[str, str]] = []  # leaf, name
        self.given: list[str] = []
        self._names: dict[str, str] = {}

    def name(self, leaf: str, value: str) -> str:
        """What a value is called inside; a constant is itself."""
        if not value.startswith("%"):
            return value
        if value not in self._names:
            self._names[value] = f"%a{len(self.given)}"
            self.parameters.append((leaf, self._names[value]))
            self.given.append(value)
        return self._names[value]

    def view(self, e: FunctionEmitter, v: View) -> View:
        """An array, inside."""
        inside = copy(v)
        inside.e, inside.owner, inside.data = e, "null", self.name(POINTER, v.data)
        inside.sizes = [self.name("i64", n) for n in v.sizes]
        inside.strides = [self.name("i64", n) for n in v.strides]
        return inside

    def value(self, e: FunctionEmitter, node: Node, inside: FunctionEmitter) -> Values:
        """The leaves of a node, inside."""
        t = e.type(node)
        leaves = e.layouts.leaves(t)
        values = e.value(node)
        if isinstance(t, Array):  # nobody counts references inside
            values = ("null", *values[1:])
        return tuple(self.name(leaf, v) for leaf, v in zip(leaves, values))

    def arguments(self) -> list[tuple[str, str]]:
        """The values, for a call."""
        return [(leaf, value) for (leaf, _), value in zip(self.parameters, self.given)]

    def declared(self, fresh: Collection[str] = ()) -> str:
        """The parameters; those that point to `fresh` buffers share them with no other."""
        return "".join(f", {leaf}{' noalias' if v in fresh else ''} {v}" for leaf, v in self.parameters)


def rarely(
    e: FunctionEmitter,
    name: str,
    views: Sequence[View],
    sizes: Sequence[str],
    body: Callable[[FunctionEmitter, Sequence[View], list[str]], None],
) -> None:
    """Loops that seldom run: a function of their own, one for all that have the same code, and a call.

    The first array is new. In the program's functions they would cost LLVM more time than all that does run.
    """
    name = f"{name}.{len(e.program.definitions)}"
    inside, outside = e.apart(e.graph), Outside()
    moved = [outside.view(inside, v) for v in views]
    fresh = {moved[0].data}

    def element(index: list[str]) -> Any:
        body(inside, moved, index)
        yield from ()

    run(over(inside, [outside.name("i64", n) for n in sizes], element))
    inside.give((), ())
    parameters = outside.declared(fresh).removeprefix(", ")
    code = f"define internal fastcc void @{name}({parameters}) noinline cold #0 {{\n{inside.body()}\n}}\n"
    e.call(f"@{e.program.define(name, code)}", (), outside.arguments(), "fastcc ")
