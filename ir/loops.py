"""The parts of a loop graph: see the form in `ir/nodes.py`."""

from __future__ import annotations

from tapeless.ir.abstract import Tuple
from tapeless.ir.builder import Builder
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import Span
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitives.structure import make_tuple, switch
from tapeless.ir.traverse import Scopes


@dataclass
class LoopParts:
    """A loop taken apart: `head` and `body` are the applications of the loop graph and of its step, in order,
    without the switch and the back-edge that end them; `nexts` are the arguments of the back-edge."""

    graph: Graph
    head: list[Apply]
    condition: Node
    step: Graph
    body: list[Apply]
    nexts: tuple[Node, ...]
    exit: Graph


def loop_parts(graph: Graph, scopes: Scopes) -> LoopParts:
    """Take a loop apart."""
    test = graph.output
    assert isinstance(test, Apply)
    condition, step, leave = test.args
    assert isinstance(step, Constant) and isinstance(leave, Constant)
    back = step.value.output
    assert isinstance(back, Apply)
    head = [n for n in scopes.schedule(graph) if n is not test]
    body = [n for n in scopes.schedule(step.value) if n is not back]
    return LoopParts(graph, head, condition, step.value, body, back.args, leave.value)


def has_effects(graph: Graph) -> bool:
    """Whether running a graph has an effect; a loop that may not end counts as one."""
    return bool(graph.effects) or (graph.kind == "loop" and not (graph.finite or graph.total))


def close_loop(lb: Builder, sb: Builder, condition: Node, nexts: list[Node], span: Span | None) -> Tuple:
    """Give a loop graph its form, from the builders of the loop and its step; the type of its state.

    Where head or step have effects, the test and the back-edge are effects too: they lead to them.
    """
    loop, step = lb.graph, sb.graph
    state = Tuple(tuple(p.type for p in loop.params))  # type: ignore[misc]
    leave = lb.nested("exit").graph
    leave.output = Apply(leave, Constant(make_tuple), tuple(loop.params), state, span)
    back = Apply(step, Constant(loop), tuple(nexts), state, span)
    test = Apply(loop, Constant(switch), (condition, Constant(step), Constant(leave)), state, span)
    step.output, loop.output = back, test
    if loop.effects or step.effects:
        step.effects.append(back)
        loop.effects.append(test)
    return state


def call_loop(b: Builder, loop: Graph, init: list[Node], span: Span | None) -> Apply:
    """The call of a loop, an effect if the loop is one."""
    made = Apply(b.graph, Constant(loop), tuple(init), Tuple(tuple(p.type for p in loop.params)), span)  # type: ignore[misc]
    if has_effects(loop):
        b.graph.effects.append(made)
    return made
