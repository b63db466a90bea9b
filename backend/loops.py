"""Loops: a header with a phi for each leaf of the state, the step, the way back, the exit.

The way back looks at the interrupt flag, and releases what the iteration allocated where the state holds no pointer.
A loop that pushes frames on a stack (`stacks`) starts with an empty one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.backend import frames, memory
from tapeless.backend.emit import UNLIKELY, Values
from tapeless.backend.runtime import CONTEXT
from tapeless.ir.nodes import Apply, Constant, Graph

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter, Steps


def loop(e: FunctionEmitter, node: Apply) -> Steps:
    """Run a loop from an initial state; the value of its exit."""
    graph = node.fn.value  # type: ignore[attr-defined]
    state = [e.type(p) for p in graph.params]
    leaves = tuple(leaf for t in state for leaf in e.layouts.leaves(t))
    init = [e.fitted(a, t) for a, t in zip(node.args, state, strict=True)]
    push = e.program.stacks.loops.get(graph)
    if push is not None:
        init[push.place] = frames.empty(e)
    incoming = [(e.block, tuple(v for values in init for v in values))]
    mark = memory.mark(e) if e.program.releases(graph) else ""
    head = e.label("loop")
    e.jump(head)
    e.start(head)
    phis = [e.name() for _ in leaves]
    hole = len(e.lines)
    start = 0
    for p, t in zip(graph.params, state):
        end = start + len(e.layouts.leaves(t))
        e.values[p] = tuple(phis[start:end])
        start = end
    result = yield _turn(e, node, graph, head, mark, incoming)
    e.lines[hole:hole] = [
        f"  {phi} = phi {leaf} " + ", ".join(f"[{values[i]}, %{block}]" for block, values in incoming)
        for i, (phi, leaf) in enumerate(zip(phis, leaves))
    ]
    return result


def _turn(
    e: FunctionEmitter, node: Apply, graph: Graph, head: str, mark: str, incoming: list[tuple[str, Values]]
) -> Steps:
    """The body of a loop from its header on; adds to `incoming` what goes back."""
    choice = graph.output
    assert isinstance(choice, Apply), f"@{graph.name} does not end in a switch"
    yield e.run(graph, choice, graph.params)
    if e.dead:
        return ()
    exits: list[tuple[str, Values]] = []
    end = e.label("exit")
    push = e.program.stacks.loops.get(graph)
    target = e.type(node)
    for label, branch in e.branches(choice, "step", "leave"):
        e.start(label)
        output = branch.output
        again = isinstance(output, Apply) and isinstance(output.fn, Constant) and output.fn.value is graph
        yield e.run(branch, output if again else None, e.given(choice))  # type: ignore[arg-type]
        if e.dead:
            continue
        if again:
            assert isinstance(output, Apply)
            values = tuple(v for a, p in zip(output.args, graph.params) for v in e.fitted(a, e.type(p)))
            _poll(e)
            if mark:
                memory.release(e, mark)
            incoming.append((e.block, values))
            e.jump(head)
        else:
            if push is not None:
                frames.leave(e, push)
            values = e.fitted(output, target)
            exits.append((e.block, values))
            e.jump(end)
    result = e.join(end, exits, e.layouts.leaves(target))
    if mark and not e.dead and not e.layouts.has_pointer(target):
        memory.release(e, mark)
    return result


def _poll(e: FunctionEmitter) -> None:
    """Ask the runtime whether to go on, while the context says so."""
    flag = e.op(f"load volatile i32, ptr {e.at('%ctx', CONTEXT['interrupted'])}")
    set_ = e.op(f"icmp ne i32 {flag}, 0")
    slow, go_on = e.label("poll"), e.label("on")
    e.branch(set_, slow, go_on, UNLIKELY)
    with e.aside(slow):
        e.do(f"call preserve_allcc void {e.program.symbol('tl_poll')}(ptr %ctx)")
        e.jump(go_on)
    e.start(go_on)
