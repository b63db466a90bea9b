"""Switches of two branches that are built: what both agree on is forwarded, the rest is returned leaf by leaf.

switch(c, {tuple(x, 1)}, {tuple(x, 2)})    =>    tuple(x, switch(c, {1}, {2}))
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import BOOL, NONE, Record, Tuple, Type
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.nodes import Constant, Node, graph_of, key_of
from tapeless.ir.traverse import encloses
from tapeless.passes.leaves import is_undef, split, width

Pairs = list[tuple[Node, Node]]
Side = tuple[Builder, Node]
"""The builder of a branch, and its value."""


def joined(b: Builder, condition: Node, then: Side, orelse: Side, type: Type, mask: int) -> Node:
    """The value, of a type of which a mask is live, of the switch of two branches."""
    pairs: Pairs = []
    shape = _merge(b, condition, then, orelse, pairs, type, mask)
    sides = (then[0], orelse[0])
    if not pairs and not any(nb.graph.effects for nb in sides):
        return _fill(b, shape, [])
    types = [_defined(x, y).type for x, y in pairs]
    single = len(pairs) == 1
    for k, nb in enumerate(sides):
        outs = [undef(t) if is_undef(p[k]) else p[k] for p, t in zip(pairs, types)]  # type: ignore[arg-type]
        nb.graph.output = outs[0] if single else nb.tuple(outs) if outs else constant(None)
    result: Type = types[0] if single else Tuple(tuple(types)) if types else NONE  # type: ignore[assignment, arg-type]
    made = b.switch(condition, sides[0].graph, sides[1].graph, result)
    return _fill(b, shape, [made] if single else [b.item(made, i) for i in range(len(pairs))])


def _merge(b: Builder, c: Node, then: Side, orelse: Side, pairs: Pairs, type: Type, mask: int) -> Any:
    """The shape of a joined value: a node, a number (of a pair), or (type, shapes); appends to `pairs`."""
    (tb, x), (eb, y) = then, orelse
    if not mask and width(type):
        return undef(type)
    if key_of(x) == key_of(y) and _accessible(b, x):
        return x
    if is_undef(x) and _accessible(b, y):
        return y
    if is_undef(y) and _accessible(b, x):
        return x
    if isinstance(x, Constant) and isinstance(y, Constant) and {x.value, y.value} == {True, False} and type == BOOL:
        return c if x.value else b.apply("not_", c)
    if isinstance(type, (Tuple, Record)):
        shapes = [
            _merge(b, c, (tb, _item(tb, x, i, t)), (eb, _item(eb, y, i, t)), pairs, t, m)
            for i, (t, m) in enumerate(zip(type.items, split(type, mask)))
        ]
        return (type, shapes)
    for i, (p, q) in enumerate(pairs):
        if key_of(p) == key_of(x) and key_of(q) == key_of(y):
            return i
    pairs.append((x, y))
    return len(pairs) - 1


def _item(b: Builder, node: Node, i: int, type: Type) -> Node:
    return undef(type) if is_undef(node) else b.item(node, i)


def _defined(x: Node, y: Node) -> Node:
    return y if is_undef(x) else x


def _accessible(b: Builder, node: Node) -> bool:
    return isinstance(node, Constant) or encloses(graph_of(node), b.graph)  # type: ignore[arg-type]


def _fill(b: Builder, shape: Any, values: list[Node]) -> Node:
    if isinstance(shape, Node):
        return shape
    if isinstance(shape, int):
        return values[shape]
    type, shapes = shape
    items = [_fill(b, s, values) for s in shapes]
    return b.tuple(items) if isinstance(type, Tuple) else b.apply("record", *items, type=type)
