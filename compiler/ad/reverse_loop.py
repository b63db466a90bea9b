"""Reverse mode of a loop: frames pushed by the forward loop, taken off by the loop `unwind`.

    ▶loop(s..., frames)        each iteration pushes one frame: what its backward pass asks for, and the frames so far
    unwind(frames, s̄..., v̄...)  one iteration backwards per frame; v̄ sums the cotangents of the loop's free variables

Both are loops of the ordinary form and frames are an ordinary recursive box, `none | box frame{residuals..., frames}`,
so a second derivative is this once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.ad import cotangents as ct
from tapeless.ad.activity import differentiable
from tapeless.ad.copying import image
from tapeless.ad.region import ITEM, Region
from tapeless.ir.abstract import NONE, Box, Record, Type, Union, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import Apply, Graph, Node

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
    inner, frame, link, frames = region.calls[node]
    parts = loop_parts(graph, reverse.scopes)
    bb = region.bb
    assert bb is not None
    state = [i for i, p in enumerate(graph.params) if p in reverse.active and differentiable(p.type)]
    ub = bb.nested("unwind", "loop")
    ub.graph.finite = ub.graph.total = True
    top = ub.graph.parameter("frames", link.type)
    seeds = {i: ub.graph.parameter("ct_" + graph.params[i].name, cotangent(graph.params[i].type)) for i in state}  # type: ignore[arg-type]
    sb = inner.bb = ub.nested("step")
    opened = sb.apply("unbox", sb.apply("project", top, type=frame), type=frame.body)
    residuals: list[Node] = []

    def keep(value: Node) -> Node:
        residuals.append(value)
        return Apply(sb.graph, ITEM, (opened, constant(len(residuals) - 1)), value.type, node.span)

    inner.keep = keep
    for i in state:
        reverse.give(inner, parts.nexts[i], seeds[i])
    reverse.backward(inner, parts.body)
    reverse.backward(inner, parts.head)
    own = [inner.sens.pop(p, None) for p in graph.params]
    nexts = [ct.materialize(sb, own[i], seeds[i].type) for i in state]  # type: ignore[arg-type]
    outside = list(inner.sens)
    for v in outside:
        total = ub.graph.parameter("acc", cotangent(v.type))  # type: ignore[arg-type]
        nexts.append(ct.materialize(sb, ct.add(sb, total, inner.sens[v], reverse.sums), total.type))  # type: ignore[arg-type]
    _fill_frames(inner, frame, link, residuals, opened)
    rest = Apply(sb.graph, ITEM, (opened, constant(len(residuals))), link.type, node.span)
    close_loop(ub, sb, ub.apply("not_", ub.apply("has_head", top, constant("none"))), [rest, *nexts], node.span)
    start = [region.ref(frames), *(_seed(bb, seed, i, seeds[i].type) for i in state)]  # type: ignore[arg-type]
    start += [ct.zero(bb, cotangent(v.type)) for v in outside]  # type: ignore[arg-type]
    made = call_loop(bb, ub.graph, start, node.span)
    for k, i in enumerate(state):
        reverse.give(region, node.args[i], bb.item(made, 1 + k))
    for k, v in enumerate(outside):
        reverse.give(region, v, bb.item(made, 1 + len(state) + k))


def _seed(b: Builder, seed: ct.Cotangent, i: int, type: Type) -> Node:
    return ct.materialize(b, ct.item_of(b, seed, i), type)


def _fill_frames(inner: Region, frame: Box, link: Node, residuals: list[Node], opened: Node) -> None:
    """What the backward pass asked for is what a frame holds."""
    body = Record("frame", (*(r.type for r in residuals), link.type))  # type: ignore[arg-type]
    frame.body = body
    opened.type = body
    sb = inner.fb
    pushed = sb.apply("box", sb.apply("record", *residuals, link, type=body), type=frame)
    back = sb.graph.output
    assert isinstance(back, Apply)
    back.args = (*back.args[:-1], sb.apply("inject", pushed, type=link.type))
