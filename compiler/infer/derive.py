"""Elaboration of derivatives: calls of `grad`, `value_and_grad`, `taylor`, `jvp` and `vjp` of a function value.

What is differentiated is always a closed graph made here, the *wrapper*: it takes the function value and the arguments
and calls the one on the others. The function value is not active: what it captured is constant to this derivative (and
active to an outer one, which sees the wrapper's argument). AD replaces the primitives that are emitted here later.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tapeless.infer.calls import Derivative, deeper
from tapeless.infer.convert import convert
from tapeless.infer.instances import Site
from tapeless.infer.layout import Pulled
from tapeless.infer.nodeops import NodeOps
from tapeless.infer.typeops import Diverges
from tapeless.ir.abstract import BOOL, FLOAT, NONE, Pullback, Tuple, Type, cotangent, is_real
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitives.structure import gradient, jvp, taylor, vjp
from tapeless.ir.scalars import given, machine_value

if TYPE_CHECKING:
    from tapeless.infer.elaborate import Elaborator


class Deriver:
    """Emits derivative primitives for an elaborator."""

    def __init__(self, elaborator: Elaborator) -> None:
        self.elaborator = elaborator
        self.pulled: dict[str, Pulled] = {}
        self.numpy = False  # whether the value of the last wrapper is NumPy's

    def derive(self, b: Builder, tag: str, f: Node, args: list[Node], keywords: dict[str, Node], site: Site) -> Node:
        """A call of a derivative record."""
        d = Derivative.parse(tag)
        args = list(map(NodeOps(self.elaborator, b, site).plain, args))
        if d.kind == "jvp_of":
            return self.jvp(b, f, args[: len(args) // 2], args[len(args) // 2 :], site)
        if d.kind == "taylor":
            return self.taylor(b, d, f, args, keywords, site)
        if d.kind == "vjp_of":
            positions = [i for i, a in enumerate(args) if _active(a)]
        else:
            positions = d.positions(len(args))
        inputs = [f, *args, *keywords.values()]
        mask = "".join("1" if i - 1 in positions else "0" for i in range(len(inputs)))
        try:
            wrapper = self.wrapper(inputs, len(args), tuple(keywords), site, scalar=d.kind != "vjp_of")
        except Diverges:  # it never returns: nothing to differentiate, but it raises what it raises
            return self.elaborator.call(b, f, args, keywords, deeper(site, "primal"))
        result = wrapper.output.type
        assert result is not None
        if d.kind == "vjp_of":
            pull_type = self.pullback_type(wrapper, mask, positions, len(args), site)
            both = self.effect(b, vjp, wrapper, mask, inputs, Tuple((result, pull_type)))
            return b.tuple([b.item(both, 0), b.item(both, 1)])
        order = sorted(positions)
        cts = tuple(cotangent(args[i].type) for i in order)  # type: ignore[arg-type]
        both = self.effect(b, gradient, wrapper, mask, [*inputs, constant(d.mode)], Tuple((FLOAT, *cts)))
        grads = [given(b, b.item(both, 1 + order.index(i)), args[i].type) for i in positions]
        out = grads[0] if d.single else b.tuple(grads)
        if d.kind != "value_and_grad":
            return out
        value = b.item(both, 0)
        return b.tuple([convert(b, value, self.result), out])

    def effect(self, b: Builder, prim: object, wrapper: Graph, mask: str, inputs: list[Node], type: Type) -> Apply:
        node = Apply(b.graph, Constant(prim), (Constant(wrapper), constant(mask), *inputs), type, b.span)
        b.graph.effects.append(node)
        return node

    def wrapper(self, inputs: list[Node], count: int, names: tuple[str, ...], site: Site, scalar: bool) -> Graph:
        """The closed graph that calls its first parameter on the others."""
        graph = Graph(self.elaborator.layout.unique("@f")[1:], span=site[1].span)
        for i, n in enumerate(inputs):
            graph.parameter("f" if i == 0 else f"x{i}", n.type)
        wb = Builder(graph, span=site[1].span)
        f, *rest = graph.params
        out = self.elaborator.call(wb, f, list(rest[:count]), dict(zip(names, rest[count:])), deeper(site, "primal"))
        self.result: Type = out.type if out.type is not None and is_real(out.type) else FLOAT
        graph.output = convert(wb, _as_float(wb, out), FLOAT) if scalar else out
        return graph

    def pullback_type(self, wrapper: Graph, mask: str, positions: list[int], arguments: int, site: Site) -> Pullback:
        """The type of the pullback of one `vjp`, which inference knows by number."""
        type = self.elaborator.layout.pullback(self.elaborator.engine.pull_numbers[site])
        self.pulled[type.name] = Pulled(wrapper, mask, positions, arguments, type)
        return type

    def pull(self, b: Builder, pb: Node, ct: Node) -> Node:
        """A call of a pullback: one cotangent per argument of the function, None where there is none."""
        assert isinstance(pb.type, Pullback)
        p = self.pulled[pb.type.name]
        types = tuple(cotangent(t.type) for t, m in zip(p.wrapper.params, p.mask) if m == "1")  # type: ignore[arg-type]
        result = p.wrapper.output.type
        assert result is not None
        cts = b.apply(
            "pull",
            Constant(p.wrapper),
            constant(p.mask),
            pb,
            convert(b, _as_float(b, ct), cotangent(result)),
            type=Tuple(types),
        )
        by = [t.type for t, m in zip(p.wrapper.params, p.mask) if m == "1"]
        out = [given(b, b.item(cts, k), t) for k, t in enumerate(by)]
        return b.tuple([out[p.positions.index(i)] if i in p.positions else constant(None) for i in range(p.arguments)])

    def jvp(self, b: Builder, f: Node, args: list[Node], tangents: list[Node], site: Site) -> Node:
        """(value, tangent) of a function value along tangents."""
        inputs = [f, *args]
        mask = "0" + "".join("1" if _active(a) else "0" for a in args)
        try:
            wrapper = self.wrapper(inputs, len(args), (), site, scalar=False)
        except Diverges:
            return self.elaborator.call(b, f, args, {}, deeper(site, "primal"))
        dots = [
            convert(b, _as_float(b, t), cotangent(a.type))  # type: ignore[arg-type]
            for a, t in zip(args, tangents)
            if _active(a)
        ]
        result = wrapper.output.type
        assert result is not None
        both = self.effect(b, jvp, wrapper, mask, [*inputs, *dots], Tuple((result, cotangent(result))))
        return b.tuple([b.item(both, 0), given(b, b.item(both, 1), result)])

    def taylor(
        self, b: Builder, d: Derivative, f: Node, args: list[Node], keywords: dict[str, Node], site: Site
    ) -> Node:
        """The derivatives of order 0, ..., n by one float: its series is x + t, whose coefficients are 1, 0, ..."""
        inputs = [f, *args, *keywords.values()]
        (by,) = d.positions(len(args))
        mask = "".join("1" if i - 1 == by else "0" for i in range(len(inputs)))
        try:
            wrapper = self.wrapper(inputs, len(args), tuple(keywords), site, scalar=False)
        except Diverges:
            return self.elaborator.call(b, f, args, keywords, deeper(site, "primal"))
        if not isinstance(wrapper.output.type, Tuple):
            wb = Builder(wrapper, span=site[1].span)
            wrapper.output = convert(wb, _as_float(wb, wrapper.output), FLOAT)
        result = wrapper.output.type
        assert result is not None
        line = [constant(float(k == 1)) for k in range(1, d.order + 1)]
        type = Tuple((result, *[cotangent(result)] * d.order))
        series = self.effect(b, taylor, wrapper, mask, [*inputs, *line], type)
        derivatives = [_times(b, b.item(series, k), float(math.factorial(k))) for k in range(1, d.order + 1)]
        return b.tuple([b.item(series, 0), *(given(b, d, result) for d in derivatives)])


def _times(b: Builder, ct: Node, factor: float) -> Node:
    """A tangent times a number."""
    if isinstance(ct.type, Tuple):
        return b.tuple([_times(b, b.item(ct, i), factor) for i in range(len(ct.type.items))])
    return b.apply("gmul", ct, constant(factor)) if ct.type == FLOAT else constant(None)


def _active(a: Node) -> bool:
    return a.type is not None and cotangent(a.type) != NONE


def _as_float(b: Builder, n: Node) -> Node:
    """Bools and scalars of NumPy, also in tuples, as Python's float or int; `convert` does the rest."""
    if isinstance(n.type, Tuple):
        return b.tuple([_as_float(b, b.item(n, i)) for i in range(len(n.type.items))])
    n = machine_value(b, n)
    return b.apply("b2f", n) if n.type == BOOL else n
