"""What an iteration writes to an array and the next one reads of it goes from one to the other as a variable.

    loop @l(%y, %i)                               loop @l(%y, %i, %e)
      %p = element(%y, %i)                          %p is %e
      %j = iadd(%i, 1)                   =>         %j = iadd(%i, 1)
      %z = put(%y, %v, %j)                          %z = put(%y, %v, %j)
      @l(%z, %j)                                    @l(%z, %j, %v)

The value is then in a register where it would go through memory, which is most of the time of a recurrence along an
array. An index counts as the same as another one where both are the same number more than one node. At the start %e is
the element that is there, or anything where there is none: then the first iteration checks, and does not come to %p.

Source: Callahan, Carr and Kennedy, *Improving register allocation for subscripted variables* (1990).
"""

from __future__ import annotations

from tapeless.ir.abstract import NP_F64, Array, Tuple
from tapeless.ir.builder import Builder, constant, is_primitive, undef
from tapeless.ir.loops import LoopParts, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.scalars import machine_value, numpy_scalar
from tapeless.ir.traverse import Scopes, all_nodes, encloses, reachable
from tapeless.passes.callgraph import callee

MOST = 4
"""How many elements a loop carries at most: registers are few."""

Linear = tuple[object, int]
"""The key of a node, and a number that is added."""


def carry(root: Graph) -> Graph:
    """The program itself, changed."""
    scopes = Scopes()
    elements: dict[Node, list[Apply]] = {}
    calls: dict[Graph, list[Apply]] = {}
    for n in all_nodes(root):
        g = callee(n)
        if is_primitive(n, "element"):
            elements.setdefault(n.args[0], []).append(n)
        elif g is not None and g.kind == "loop" and not encloses(g, n.graph):
            calls.setdefault(g, []).append(n)
    found: dict[Node, Node] = {}
    for g in reachable(root):
        if g.kind == "loop" and any(p in elements for p in g.params):
            parts = loop_parts(g, scopes)
            state = len(g.params)
            for k, y in enumerate(tuple(g.params)):
                _carry(parts, k, elements.get(y, []), calls[g], found)
            if len(g.params) > state:
                found.update((call, _state(call, state)) for call in calls[g])
    if found:
        for n in all_nodes(root):
            n.args = tuple(a if _is_item_of(n, a) else found.get(a, a) for a in n.args)
        for g in reachable(root):
            g.output = found.get(g.output, g.output)
    return root


def _is_item_of(node: Node, whole: Node) -> bool:
    return is_primitive(node, "item") and isinstance(whole, Apply) and callee(whole) is not None


def _state(call: Apply, count: int) -> Node:
    """What a call of a loop gave before it had further variables: a branch may give the whole of it."""
    b = Builder(call.graph, None, call.span)
    return b.tuple([b.item(call, i) for i in range(count)])


def _carry(parts: LoopParts, k: int, reads: list[Apply], calls: list[Apply], found: dict[Node, Node]) -> None:
    """Carry elements that are read of the k-th variable of a loop."""
    carried: dict[tuple[Linear, ...], Node] = {}
    b = Builder(parts.step)
    for read in reads:
        here = [_linear(i) for i in read.args[1:]]
        there = [_next(parts, at) for at in here]
        key = tuple(here)
        if key not in carried and len(carried) < MOST and None not in there:
            value = _written(b, parts.nexts[k], there)  # type: ignore[arg-type]
            if value is not None and value.type == read.type:
                carried[key] = _variable(parts, k, read, calls, value)
        if key in carried:
            found[read] = carried[key]


def _linear(node: Node) -> Linear:
    total = 0
    while (is_primitive(node, "iadd") or is_primitive(node, "isub")) and isinstance(node.args[1], Constant):  # type: ignore[attr-defined]
        number = node.args[1].value  # type: ignore[attr-defined]
        total += number if is_primitive(node, "iadd") else -number
        node = node.args[0]  # type: ignore[attr-defined]
    return (None, total + node.value) if isinstance(node, Constant) else (node, total)


def _next(parts: LoopParts, at: Linear) -> Linear | None:
    """What an index of one iteration is in the next one."""
    node, number = at
    if node in parts.graph.params:
        base, more = _linear(parts.nexts[parts.graph.params.index(node)])  # type: ignore[arg-type]
        return base, more + number
    inside = isinstance(node, Node) and encloses(parts.graph, node.graph)  # type: ignore[attr-defined]
    return None if inside else at


def _written(b: Builder, array: Node, index: list[Linear]) -> Node | None:
    """An element of an array that was certainly written last in this iteration."""
    while is_primitive(array, "put") or is_primitive(array, "accumulate"):
        before, value, *at = array.args  # type: ignore[attr-defined]
        own = [_linear(i) for i in at]
        if own == index:
            if is_primitive(array, "put"):
                return value  # type: ignore[no-any-return]
            assert isinstance(before.type, Array)
            if before.type.element != NP_F64:
                return None  # it is rounded in memory
            old = machine_value(b, b.apply("element", before, *at))
            return numpy_scalar(b, b.apply("gadd", old, value), NP_F64)
        if not any(i[0] == j[0] and i[1] != j[1] for i, j in zip(own, index)):
            return None
        array = before
    return None


def _variable(parts: LoopParts, k: int, read: Apply, calls: list[Apply], value: Node) -> Node:
    """A further variable of a loop."""
    loop = parts.graph
    assert read.type is not None
    e = loop.parameter("element", read.type)
    for call in calls:
        call.args = (*call.args, _first(call, parts, k, read))
    back, leave = parts.step.output, parts.exit.output
    assert isinstance(back, Apply) and isinstance(leave, Apply)
    back.args, leave.args = (*back.args, value), (*leave.args, e)
    state = Tuple(tuple(p.type for p in loop.params))  # type: ignore[misc]
    for node in (*calls, back, leave, loop.output):
        node.type = state
    return e


def _first(call: Apply, parts: LoopParts, k: int, read: Apply) -> Node:
    """The element at the start, where there is one."""
    b = Builder(call.graph, None, read.span)
    array = call.args[k]
    at = []
    for node, number in map(_linear, read.args[1:]):
        base = call.args[parts.graph.params.index(node)] if node in parts.graph.params else node  # type: ignore[arg-type]
        at.append(constant(number) if base is None else b.apply("iadd", base, constant(number)))  # type: ignore[arg-type]
    inside: Node = constant(True)
    for d, i in enumerate(at):
        fits = b.apply("and_", b.apply("ile", constant(0), i), b.apply("ilt", i, b.apply("size", array, constant(d))))
        inside = b.apply("and_", inside, fits)
    there, nowhere = b.nested("there"), b.nested("nowhere")
    there.graph.output = there.apply("element", array, *at)
    nowhere.graph.output = undef(read.type)  # type: ignore[arg-type]
    return b.switch(inside, there.graph, nowhere.graph, read.type)  # type: ignore[arg-type]
