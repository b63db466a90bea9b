"""Reverse mode of a nest: the map, and its adjoint, run once more for each element.

    y... = nest(@f, outputs, x...)       x̄..., v̄... = nest(@∂f, outputs', x..., ȳ...)

@∂f computes the values of f again, then the cotangents of its parameters and of the scalars v that it captures. Those
of an array are summed over the dimensions in which it was broadcast, those of scalars over all. What f takes of arrays
that it captures, `element(a, i...)`, gives arrays of cotangents and of indices, for `add_at`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.ad import cotangents as ct
from tapeless.ad.copying import Map, copy, image
from tapeless.ad.region import Region
from tapeless.ir.abstract import FLOAT, NP_F64, Array, kept_dims
from tapeless.ir.builder import Builder, constant, is_primitive
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.nests import NestParts, nest, nest_parts, of_element
from tapeless.ir.nodes import Apply, Node, graph_of
from tapeless.ir.scalars import machine_value, numpy_scalar

if TYPE_CHECKING:
    from tapeless.ad.reverse import Reverse


@dataclass
class Within(Region):
    """The region of @∂f: forward values stand in the same graph. `taken`: elements of arrays, and what they get."""

    taken: list[tuple[Node, Node, list[Node]]] = field(default_factory=list)

    def ref(self, node: Node) -> Node:
        return node

    def add_element(self, array: Node, share: Node, at: list[Node]) -> None:
        self.taken.append((array, share, at))


def backward(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    """Emit the adjoint of a nest."""
    parts = nest_parts(node)
    bb = region.bb
    assert bb is not None
    operands = [region.ref(image(region.m, a)) for a in parts.arrays]
    inner = bb.nested(parts.map.name, "map")
    inner.loop_outer = bb
    m: Map = {p: inner.graph.parameter(p.name, p.type, p.span) for p in parts.map.params}
    for v in reverse.scopes.captures(parts.map):
        m[v] = region.ref(image(region.m, v))
    for n in reverse.scopes.schedule(parts.map):
        m[n] = copy(inner, reverse.scopes, n, m)
    within = Within(region, inner, [inner.graph], m, inner)
    for k, result in enumerate(parts.results):
        share = seed if len(parts.results) == 1 else ct.item_of(bb, seed, k)
        if share is not None:
            element = _element(bb, inner, parts, k, share, operands)
            if parts.outputs[k][:3] in ("max", "min"):
                element = _of_extreme(reverse, region, node, k, inner, m[result], element, operands)
            reverse.give(within, result, element)
    reverse.backward(within, reverse.scopes.schedule(parts.map))
    _hand_on(reverse, region, within, parts, inner, operands)


def _element(b: Builder, inner: Builder, parts: NestParts, k: int, share: Node, operands: list[Node]) -> Node:
    """The cotangent of an element of an output: of the array of those, or of the sum."""
    if not isinstance(share.type, Array):
        return share
    element = share.type.element
    if parts.outputs[k] != "each":
        t = Array(share.type.element, kept_dims(share.type.dims, parts.outputs[k].split(":")[1]))
        share = b.apply("with_axes", share, type=t)
    operands.append(share)
    return machine_value(inner, inner.graph.parameter("ct", element))


def _of_extreme(
    reverse: Reverse,
    region: Region,
    node: Apply,
    k: int,
    inner: Builder,
    value: Node,
    share: Node,
    operands: list[Node],
) -> Node:
    """The cotangent of an element of a greatest or least one: where it is equal to it, in equal parts."""
    parts, bb = nest_parts(node), region.bb
    assert bb is not None
    whole = image(region.m, node)
    extreme = region.ref(whole if len(parts.outputs) == 1 else region.fb.item(whole, k))
    counting = bb.nested(parts.map.name, "map")
    m: Map = {p: counting.graph.parameter(p.name, p.type, p.span) for p in parts.map.params}
    m |= {v: region.ref(image(region.m, v)) for v in reverse.scopes.captures(parts.map)}
    for n in reverse.scopes.schedule(parts.map):
        m[n] = copy(counting, reverse.scopes, n, m)
    arrays = [region.ref(image(region.m, a)) for a in parts.arrays]
    equal = _equal(bb, counting, parts, k, m[parts.results[k]], extreme, arrays)
    one = counting.apply("to_f64", counting.apply("b2f", equal))
    (count,) = nest(bb, counting, [one], ["sum:" + parts.outputs[k].split(":")[1]], arrays)
    here = _equal(bb, inner, parts, k, value, extreme, operands)
    number = _element(bb, inner, parts, k, count, operands)
    number = machine_value(inner, number)
    return inner.apply("select", here, inner.apply("gdiv", share, number), constant(0.0))


def _equal(
    b: Builder, inner: Builder, parts: NestParts, k: int, value: Node, extreme: Node, operands: list[Node]
) -> Node:
    """Whether the value of an element is the extreme one."""
    other = _element(b, inner, parts, k, extreme, operands)
    return inner.apply("feq", machine_value(inner, value), machine_value(inner, other))


def _hand_on(
    reverse: Reverse, region: Region, within: Within, parts: NestParts, inner: Builder, operands: list[Node]
) -> None:
    """Make the nest, and give its outputs to what the nest was made of."""
    bb = region.bb
    assert bb is not None
    rank = len(parts.dims)
    targets, outputs, results = [], [], []
    for a, p in zip(parts.arrays, parts.map.params):
        share = within.sens.pop(p, None)
        if share is not None:
            mask = _broadcast(a, parts.dims)
            assert isinstance(a.type, Array)
            targets.append(a)
            outputs.append(f"sum:{mask}" if "1" in mask else "each")
            results.append(numpy_scalar(inner, share, a.type.element if "1" not in mask else NP_F64))
    for v, share in within.sens.items():
        assert share.type == FLOAT
        targets.append(v)
        outputs.append("sum:" + "1" * rank)
        results.append(inner.apply("to_f64", share))
    given = len(targets)
    varying = list(dict.fromkeys(i for _, _, at in within.taken for i in at if graph_of(i) is inner.graph))
    computed = [i for i in varying if _operand(i, inner, operands) is None]
    results += [inner.apply("to_i64", i) for i in computed]
    results += [numpy_scalar(inner, share, array.type.element) for array, share, _ in within.taken]  # type: ignore[union-attr]
    outputs += ["each"] * (len(results) - given)
    if not results:
        return
    made = nest(bb, inner, results, outputs, operands)
    for target, total in zip(targets, made):
        if isinstance(target.type, Array):
            reverse.give(region, target, _shaped(region, target, total))
        else:
            reverse.give(region, target, machine_value(bb, total))
    indices = dict(zip(computed, made[given:]))
    for (array, _, at), shares in zip(within.taken, made[given + len(computed) :]):
        places = [indices.get(i) or _operand(i, inner, operands) or i for i in at]
        region.sens[array] = bb.apply("add_at", region.total(array), shares, *places)


def _operand(index: Node, inner: Builder, operands: list[Node]) -> Node | None:
    """The operand whose elements an index is."""
    if is_primitive(index, "of_i64") and index.args[0] in inner.graph.params:  # type: ignore[attr-defined]
        return operands[inner.graph.params.index(index.args[0])]  # type: ignore[attr-defined]
    return None


def _broadcast(a: Node, dims: str) -> str:
    """In which dimensions of a nest an operand is known to be broadcast."""
    assert isinstance(a.type, Array)
    own = a.type.dims.rjust(len(dims), "-")
    return "".join("1" if d == "-" or (d == "1" and n != "1") else "0" for d, n in zip(own, dims))


def _shaped(region: Region, target: Node, made: Node) -> Node:
    """A cotangent with the dimensions of what it belongs to; summed where a dimension turned out to be 1."""
    bb = region.bb
    assert bb is not None and isinstance(target.type, Array)
    t = Array(target.type.element, target.type.dims)
    if made.type == NP_F64:
        return bb.apply("filled", numpy_scalar(bb, machine_value(bb, made), t.element), type=t)
    made = of_element(bb, made, t.element)
    if made.type != t:
        made = bb.apply("with_axes", made, type=t)
    primal = image(region.m, target)
    if "?" not in t.dims:
        return made
    sizes = [region.ref(region.fb.apply("size", primal, constant(d))) for d, n in enumerate(t.dims) if n != "1"]
    return bb.apply("sum_to", made, *sizes)
