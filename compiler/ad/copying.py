"""Copying nodes into another graph: what AD does with all that has no derivative."""

from __future__ import annotations

from tapeless.ir.builder import Builder
from tapeless.ir.loops import LoopParts, call_loop, close_loop, loop_parts
from tapeless.ir.nests import copied, nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.arrays import nest as NEST
from tapeless.ir.primitives.structure import make_tuple, switch
from tapeless.ir.traverse import Scopes

Map = dict[Node, Node]
TUPLE = Constant(make_tuple)


def image(m: Map, node: Node) -> Node:
    """The copy of a node; a constant is its own."""
    return node if isinstance(node, Constant) else m[node]


def branches(node: Apply) -> tuple[Graph, Graph]:
    """The two branches of a switch."""
    _, then, orelse = node.args
    assert isinstance(then, Constant) and isinstance(orelse, Constant)
    return then.value, orelse.value


def copy(b: Builder, scopes: Scopes, node: Apply, m: Map) -> Node:
    """A node, copied into the builder's graph with its nested graphs; an effect stays one."""
    b.span = node.span or b.span
    fn = node.fn
    assert isinstance(fn, Constant)
    if isinstance(fn.value, Graph) and fn.value.kind == "loop":
        return _copy_loop(b, scopes, node, loop_parts(fn.value, scopes), m)
    if fn.value is NEST:

        def body(inner: Builder, params: list[Parameter]) -> list[Node]:
            m.update(zip(parts.map.params, params))
            for n in scopes.schedule(parts.map):
                m[n] = copy(inner, scopes, n, m)
            return [image(m, r) for r in parts.results]

        parts = nest_parts(node)
        return copied(b, node, [image(m, a) for a in parts.arrays], body)
    if fn.value is switch:
        sides = []
        for g in branches(node):
            nb = b.nested(g.name)
            for n in scopes.schedule(g):
                m[n] = copy(nb, scopes, n, m)
            nb.graph.output = image(m, g.output)
            sides.append(Constant(nb.graph))
        made = Apply(b.graph, fn, (image(m, node.args[0]), *sides), node.type, node.span)
    else:
        args = tuple(image(m, a) for a in node.args)
        if isinstance(fn.value, Primitive) and node not in node.graph.effects and not _has_graph(node):
            return b.apply(fn.value.name, *args, type=node.type)
        made = Apply(b.graph, fn, args, node.type, node.span)
    if node in node.graph.effects:
        b.graph.effects.append(made)
    return made


def _has_graph(node: Apply) -> bool:
    return any(isinstance(a, Constant) and isinstance(a.value, Graph) for a in node.args)


def _copy_loop(b: Builder, scopes: Scopes, node: Apply, parts: LoopParts, m: Map) -> Node:
    lb = b.nested(parts.graph.name, "loop")
    lb.graph.finite, lb.graph.total = parts.graph.finite, parts.graph.total
    for p in parts.graph.params:
        m[p] = lb.graph.parameter(p.name, p.type, p.span)
    for n in parts.head:
        m[n] = copy(lb, scopes, n, m)
    sb = lb.nested("step")
    for n in parts.body:
        m[n] = copy(sb, scopes, n, m)
    close_loop(lb, sb, image(m, parts.condition), [image(m, n) for n in parts.nexts], node.span)
    return call_loop(b, lb.graph, [image(m, a) for a in node.args], node.span)
