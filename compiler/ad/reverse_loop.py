"""Reverse mode of a loop: what an iteration keeps is pushed as a frame, and taken off by the loop `unwind`.

    ▶loop(s..., frames)                 each iteration pushes one frame: its residuals, and the frames so far
    unwind(s̄..., v̄..., i..., frames)    one iteration backwards; v̄ sums the cotangents of the loop's free variables

An induction variable (i' = i + c, c invariant) is not kept: unwind runs it backwards from its last value. Free
variables are read again. Where an iteration keeps nothing there are no frames, and unwind counts: by an induction
variable, or by a counter that ▶loop gets in place of the frames.

A loop that carries one float x is undone by x̄ <- J x̄, v̄ <- v̄ + K x̄. There J and K are made first, and x̄ multiplied
last: iterations then wait for each other by one multiplication, whatever the chain of partial derivatives.

Both are loops of the ordinary form and frames are an ordinary recursive box, `none | box frame{residuals..., frames}`,
so a second derivative is this once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import differentiable
from tapeless.ad.copying import branches, image
from tapeless.ad.recurrences import recurrences
from tapeless.ad.region import Like, Region
from tapeless.ad.residuals import ITEM, Found
from tapeless.ir.abstract import FLOAT, INT, NONE, Box, Record, Tuple, Type, Union, cotangent
from tapeless.ir.builder import Builder, constant, primitive_of
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.loops import LoopParts, call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter, graph_of
from tapeless.ir.primitives.structure import switch
from tapeless.ir.traverse import encloses, inputs

if TYPE_CHECKING:
    from tapeless.ad.reverse import Reverse


def forward(reverse: Reverse, region: Region, node: Apply, graph: Graph) -> None:
    """Emit ▶loop; its frames are filled in by `backward`."""
    parts = loop_parts(graph, reverse.scopes)
    frame = Box("frame")
    frame.body = Record("frame", ())
    frames: Type = Union((NONE, frame))
    lb = region.fb.nested("▶" + graph.name, "loop")
    lb.graph.finite, lb.graph.total = graph.finite, graph.total
    for p in graph.params:
        region.m[p] = lb.graph.parameter(p.name, p.type, p.span)
    link = lb.graph.parameter("frames", frames)
    inner = Region(region, lb, [lb.graph], region.m)
    reverse.forward(inner, parts.head)
    sb = lb.nested("step")
    inner.graphs.append(sb.graph)
    inner.fb = sb
    reverse.forward(inner, parts.body)
    nexts = [image(region.m, n) for n in parts.nexts]
    close_loop(lb, sb, image(region.m, parts.condition), [*nexts, link], node.span)
    init = [image(region.m, a) for a in node.args]
    empty = region.fb.apply("inject", constant(None), type=frames)
    made = call_loop(region.fb, lb.graph, [*init, empty], node.span)
    region.m[node] = region.fb.tuple([region.fb.item(made, i) for i in range(len(init))])
    region.calls[node] = (inner, frame, link, region.fb.item(made, len(init)))


def backward(reverse: Reverse, region: Region, node: Apply, graph: Graph, seed: ct.Cotangent) -> None:
    """Emit unwind, and hand the cotangents of the initial state and of the free variables on."""
    inner, frame, link, last = region.calls[node]
    parts = loop_parts(graph, reverse.scopes)
    bb = region.bb
    assert bb is not None
    nodes = [*parts.head, *parts.body]
    read = set(_read(reverse, nodes)).union(parts.nexts)
    state = [
        i
        for i, p in enumerate(graph.params)
        if p in reverse.active and differentiable(p.type) and (p in read or ct.item_of(bb, seed, i) is not None)
    ]
    ub = bb.nested("unwind", "loop")
    ub.graph.finite = ub.graph.total = True
    sb = inner.bb = ub.nested("step")
    unwind = Unwind(region, node, parts, last.args[0], ub, sb)  # its state, in the order in which it is made
    seeds = {i: unwind.carry("ct_" + graph.params[i].name, _seed(region, node, seed, i)) for i in state}
    arrays = dict.fromkeys(n for n in reverse.scopes.captures(graph) if n in reverse.active and ct.threaded(n))
    threads = {n: unwind.carry("acc", region.take(n)) for n in arrays}
    inner.sens.update(threads)
    is_lone = len(state) == 1 and ctype(graph.params[state[0]]) == FLOAT and _floats(reverse, nodes)
    lone = seeds[state[0]] if is_lone else None
    inner.scope.given = {region.m[graph.params[i]]: partial(unwind.induction, i) for i in inductions(parts)}
    for i in state:
        reverse.give(inner, parts.nexts[i], constant(1.0) if lone else seeds[i])
    inner.recurrences = recurrences(parts.body, parts.nexts, reverse.scopes)
    reverse.backward(inner, parts.body)
    reverse.backward(inner, parts.head)
    if lone:
        inner.sens = {n: sb.apply("gmul", share, lone) for n, share in inner.sens.items()}
    own = [inner.sens.pop(p, None) for p in graph.params]
    for i in state:
        p = graph.params[i]
        unwind.nexts[seeds[i]] = ct.materialize(sb, own[i], ctype(p), inner.like(p))
    totals = []
    for v, share in inner.sens.items():
        if v in threads:
            unwind.nexts[threads[v]] = share
            totals.append((v, threads[v]))
            continue
        total = unwind.carry("acc", region.zero_of(v))
        unwind.nexts[total] = ct.materialize(sb, ct.add(sb, total, share, reverse.sums), ctype(v), region.like(v))
        totals.append((v, total))
    found = inner.scope.close()
    for s in inner.scope.slots:
        s.close()
    if found:
        condition = _frames(unwind, inner, frame, link, last, found)
    else:
        condition = _count(unwind, inner, link, last)
    finals = unwind.close(condition)
    for i in state:
        reverse.give(region, node.args[i], finals[seeds[i]])
    for v, total in totals:
        reverse.give(region, v, finals[total])


def _active(reverse: Reverse, nodes: list[Apply]) -> Iterator[Apply]:
    """The active nodes, with those in branches."""
    for node in nodes:
        if node in reverse.active:
            yield node
            if primitive_of(node) is switch:
                for g in branches(node):
                    yield from _active(reverse, reverse.scopes.schedule(g))


def _read(reverse: Reverse, nodes: list[Apply]) -> Iterator[Node]:
    """What active nodes read, also in nested graphs."""
    for node in nodes:
        if node in reverse.active:
            for a in inputs(node):
                if isinstance(a, Constant) and isinstance(a.value, Graph):
                    yield from reverse.scopes.captures(a.value)
                else:
                    yield a


def _floats(reverse: Reverse, nodes: list[Apply]) -> bool:
    """Whether all that is active is floats, computed by primitives and branches."""
    active = list(_active(reverse, nodes))
    inputs = (a for n in active for a in n.args if a in reverse.active)
    return all(primitive_of(n) is not None for n in active) and all(ctype(n) == FLOAT for n in (*active, *inputs))


def ctype(node: Node) -> Type:
    """The type of the cotangents of a node."""
    assert node.type is not None
    return cotangent(node.type)


def _seed(region: Region, node: Apply, seed: ct.Cotangent, i: int) -> Node:
    """The cotangent of the i-th variable of the state at the end of a loop."""
    b, final = region.bb, region.fb.item(image(region.m, node), i)
    assert b is not None and final.type is not None
    type = cotangent(final.type)
    return ct.materialize(b, ct.item_of(b, seed, i), type, Like(region, final))


def inductions(parts: LoopParts) -> dict[int, tuple[str, Node]]:
    """State that changes by an invariant amount: position -> (the primitive that undoes it, the amount)."""
    undo = {"iadd": "isub", "isub": "iadd"}
    found: dict[int, tuple[str, Node]] = {}
    for i, (p, n) in enumerate(zip(parts.graph.params, parts.nexts)):
        prim = primitive_of(n)
        if prim is None or prim.name not in undo or p.type != INT:
            continue
        assert isinstance(n, Apply)
        a, c = n.args
        if prim.name == "iadd" and c is p:
            a, c = c, a
        if a is p and (isinstance(c, Constant) or not encloses(parts.graph, graph_of(c))):
            found[i] = undo[prim.name], c
    return found


@dataclass
class Unwind:
    """The loop `unwind` in the making: its state, with what it starts from and what comes next."""

    region: Region
    node: Apply
    parts: LoopParts
    made: Node
    ub: Builder
    sb: Builder
    starts: dict[Node, Node] = field(default_factory=dict)
    nexts: dict[Node, Node] = field(default_factory=dict)

    def carry(self, name: str, start: Node) -> Node:
        """Another state variable; `nexts` says later what follows it."""
        p = self.ub.graph.parameter(name, start.type)
        self.starts[p] = start
        return p

    def induction(self, i: int) -> Node:
        """The value that an induction variable of the loop had in the iteration that is being undone."""
        undo, amount = inductions(self.parts)[i]
        after = self.carry(self.parts.graph.params[i].name, self.region.ref(self.region.fb.item(self.made, i)))
        amount = amount if isinstance(amount, Constant) else self.region.ref(image(self.region.m, amount))
        self.nexts[after] = self.sb.apply(undo, after, amount)
        return self.nexts[after]

    def close(self, condition: Node) -> dict[Node, Node]:
        """Finish and call the loop; the final value of each state variable."""
        nexts = [self.nexts[p] for p in self.ub.graph.params]
        close_loop(self.ub, self.sb, condition, nexts, self.node.span)
        bb = self.region.bb
        assert bb is not None
        made = call_loop(bb, self.ub.graph, [self.starts[p] for p in self.ub.graph.params], self.node.span)
        return {p: bb.item(made, k) for k, p in enumerate(self.ub.graph.params)}


def _frames(unwind: Unwind, inner: Region, frame: Box, link: Node, last: Node, found: Found) -> Node:
    """Push what is kept, and take it off; whether there is another frame."""
    residuals = list(inner.scope.residuals)
    body = frame.body = Record("frame", (*(r.type for r in residuals), link.type))  # type: ignore[arg-type]
    sb, fb, ub = unwind.sb, inner.fb, unwind.ub
    pushed = fb.apply("box", fb.apply("record", *residuals, link, type=body), type=frame)
    _set_next(inner, fb.apply("inject", pushed, type=link.type))
    top = unwind.carry("frames", unwind.region.ref(last))
    opened = sb.apply("unbox", sb.apply("project", top, type=frame), type=body)
    for place, (_, k) in found.items():
        place.fn, place.args = ITEM, (opened, constant(k))
    unwind.nexts[top] = Apply(sb.graph, ITEM, (opened, constant(len(residuals))), link.type, unwind.node.span)
    return ub.apply("not_", ub.apply("has_head", top, constant("none")))


def _count(unwind: Unwind, inner: Region, link: Node, last: Node) -> Node:
    """Nothing is kept: whether there is another iteration, told by a variable that counts them."""
    region, node, ub = unwind.region, unwind.node, unwind.ub
    for i, (_, amount) in inductions(unwind.parts).items():
        if isinstance(amount, Constant) and amount.value != 0:
            value = inner.scope.request(inner, region.m[unwind.parts.graph.params[i]])
            after = next(p for p, n in unwind.nexts.items() if n is value)
            return ub.apply("ine", after, region.ref(image(region.m, node.args[i])))
    _count_in_place_of_frames(unwind, inner, link, last)
    after = unwind.carry("count", region.ref(last))
    unwind.nexts[after] = unwind.sb.apply("isub", after, constant(1))
    return ub.apply("ine", after, constant(0))


def _count_in_place_of_frames(unwind: Unwind, inner: Region, link: Node, last: Node) -> None:
    made = unwind.made
    assert isinstance(made, Apply) and isinstance(made.type, Tuple) and isinstance(link, Parameter)
    made.args = (*made.args[:-1], constant(0))
    link.type = last.type = INT
    _set_next(inner, inner.fb.apply("iadd", link, constant(1)))
    state = Tuple((*made.type.items[:-1], INT))
    test = link.graph.output
    assert isinstance(test, Apply)
    for whole in (made, test, *(branch.value.output for branch in test.args[1:])):  # type: ignore[attr-defined]
        whole.type = state


def _set_next(inner: Region, value: Node) -> None:
    back = inner.fb.graph.output
    assert isinstance(back, Apply)
    back.args = (*back.args[:-1], value)
