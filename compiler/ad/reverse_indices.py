"""Reverse mode of updates at indices: what is added or put there gets the cotangents that stand there.

y = add_at(a, v, i...)      ā = ȳ                          v̄ = ȳ[i...]
y = put_at(a, v, i...)      ā = put_at(ȳ, zeros, i...)     v̄ = ȳ[i...], and zero for what was overwritten
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapeless.ad.copying import image
from tapeless.ad.region import Region
from tapeless.ir.abstract import NP_I64, Array
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nests import nest
from tapeless.ir.nodes import Apply, Constant, Node

if TYPE_CHECKING:
    from tapeless.ad.reverse import Reverse


def _add_at(reverse: Reverse, region: Region, node: Apply, seed: Node) -> None:
    array, added, *indices = node.args
    if added in reverse.active:
        at = [region.ref(image(region.m, i)) for i in indices]
        reverse.give(region, added, _taken(region, seed, added, at))
    reverse.give(region, array, seed)


def _put_at(reverse: Reverse, region: Region, node: Apply, seed: Node) -> None:
    array, part, how, *indices = node.args
    assert isinstance(how, Constant) and region.bb is not None
    at = [region.ref(image(region.m, i)) for i in indices]
    if part in reverse.active:
        last = None if how.value else _last(region, region.bb, node, at)
        reverse.give(region, part, _taken(region, seed, part, at, last))
    if array in reverse.active:
        reverse.give(region, array, region.bb.apply("put_at", seed, region.zero_of(part), how, *at))


def _taken(region: Region, seed: Node, like: Node, at: list[Node], last: tuple[Node, Node] | None = None) -> Node:
    """The elements of a cotangent at indices, as many as `like` has; zero for what is not the last one there."""
    bb = region.bb
    assert bb is not None
    inner = bb.nested("map", "map")
    arrays = [region.zero_of(like)]  # it has all the sizes
    inner.graph.parameter("zero", arrays[0].type.element)  # type: ignore[union-attr]

    def index(i: Node) -> Node:
        if not isinstance(i.type, Array):
            return i
        arrays.append(i)
        return inner.apply("of_i64", inner.graph.parameter("i", NP_I64))

    where = list(map(index, at))
    share = inner.apply("element", seed, *where)
    if last is not None:
        order, winners = last
        is_last = inner.apply("ieq", index(order), inner.apply("of_i64", inner.apply("element", winners, *where)))
        zero = inner.apply("to_f64", constant(0.0))
        share = inner.apply("select", is_last, share, zero)
    return nest(bb, inner, [share], ["each"], arrays)[0]


def _last(region: Region, bb: Builder, node: Apply, at: list[Node]) -> tuple[Node, Node]:
    """The number of each element that is put, and for each place the number of what was put there last."""
    array, part, how = node.args[:3]
    assert isinstance(part.type, Array) and isinstance(array.type, Array)
    sizes = region.like(part).sizes()
    total: Node = constant(1)
    for n in sizes:
        total = bb.apply("imul", total, n)
    numbers = bb.apply("reshape", bb.apply("iota", total), *sizes, type=Array(NP_I64, part.type.dims))
    none = bb.apply("to_i64", constant(-1))
    nobody = bb.apply("filled", none, *region.like(array).sizes(), type=Array(NP_I64, array.type.dims))
    return numbers, bb.apply("put_at", nobody, numbers, how, *at)


RULES: dict[str, Callable[[Reverse, Region, Apply, Any], None]] = {"add_at": _add_at, "put_at": _put_at}
