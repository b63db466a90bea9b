"""Nests of loops over arrays, `nest(@f, 'outputs', a...)`: how they are made and taken apart.

@f is a graph of kind `map`, nested where the nest stands: its parameters are an element of each array, and it captures
scalars. With one output it returns that, with several their tuple. It has no effects and no branches.

Where what a nest gives is only put into a window, it ends as `put_nest(a, @f, start, step, ..., b...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapeless.ir.abstract import Array, Scalar, Tuple, Type, broadcast_dims, output_type
from tapeless.ir.builder import Builder, constant, is_primitive
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import REGISTRY
from tapeless.ir.scalars import machine_value, numpy_scalar


@dataclass(frozen=True)
class NestParts:
    """A nest taken apart: `results` are the nodes of the map that give the outputs, `dims` what it runs over.

    Of a `put_nest`, `target` is the array that is changed and `bounds` the window of it.
    """

    map: Graph
    outputs: tuple[str, ...]
    arrays: tuple[Node, ...]
    results: tuple[Node, ...]
    dims: str
    target: Node | None = None
    bounds: tuple[Node, ...] = ()


def is_nest(node: Node) -> bool:
    """Whether a node is a nest, one that puts what it gives included."""
    return is_primitive(node, "nest") or is_primitive(node, "put_nest")


def nest_parts(node: Apply) -> NestParts:
    """Take a nest apart."""
    if is_primitive(node, "put_nest"):
        target, graph, *rest = node.args
        assert isinstance(graph, Constant) and isinstance(target.type, Array)
        bounds, arrays = rest[: 2 * target.type.rank], rest[2 * target.type.rank :]
        dims = broadcast_dims([a.type for a in arrays])  # type: ignore[misc]
        return NestParts(graph.value, ("each",), tuple(arrays), (graph.value.output,), dims, target, tuple(bounds))
    graph, outputs, *arrays = node.args
    assert isinstance(graph, Constant) and isinstance(outputs, Constant)
    kinds = tuple(outputs.value.split(";"))
    out = graph.value.output
    results = out.args if len(kinds) > 1 else (out,)
    dims = broadcast_dims([a.type for a in arrays])  # type: ignore[misc]
    return NestParts(graph.value, kinds, tuple(arrays), results, dims)


def is_flat(parts: NestParts, types: Sequence[Array]) -> bool:
    """Whether a nest runs through packed arrays, element by element, in one loop; those with a `?` at full size."""
    return all(k == "each" or "0" not in k.split(":")[1] for k in parts.outputs) and all(
        t.packed and (_covers(t.dims, parts.dims) or set(t.dims) <= {"1"}) for t in types
    )


def _covers(own: str, dims: str) -> bool:
    return len(own) == len(dims) and all(a != "1" or b == "1" for a, b in zip(own, dims))


def nest(b: Builder, inner: Builder, results: list[Node], outputs: Sequence[str], arrays: list[Node]) -> list[Node]:
    """A nest, of a map that `inner` has built; its outputs, each of which is computed once."""
    places: dict[tuple[Node, str], int] = {}
    for r, kind in zip(results, outputs):
        places.setdefault((r, kind), len(places))
    dims = broadcast_dims([a.type for a in arrays])  # type: ignore[misc]
    types: list[Type] = [output_type(kind, r.type, dims) for r, kind in places]  # type: ignore[arg-type]
    single = len(types) == 1
    inner.graph.output = results[0] if single else inner.tuple([r for r, _ in places])
    whole: Type = types[0] if single else Tuple(tuple(types))
    args = (Constant(inner.graph), constant(";".join(kind for _, kind in places)), *arrays)
    made = Apply(b.graph, Constant(REGISTRY["nest"]), args, whole, b.span)
    items: list[Node] = [made] if single else [b.item(made, k) for k in range(len(types))]
    return [items[places[r, kind]] for r, kind in zip(results, outputs)]


def copied(
    b: Builder, node: Apply, arrays: list[Node], body: Callable[[Builder, list[Parameter]], Sequence[Node]]
) -> Node:
    """A nest like another one, over other arrays; `body` emits the map, and returns its results."""
    parts = nest_parts(node)
    inner = b.nested(parts.map.name, "map")
    inner.loop_outer = b
    params = [inner.graph.parameter(p.name, a.type.element, p.span) for p, a in zip(parts.map.params, arrays)]  # type: ignore[union-attr]
    made = nest(b, inner, list(body(inner, params)), parts.outputs, arrays)
    return made[0] if len(made) == 1 else b.tuple(made)


def packed(b: Builder, array: Node) -> Node:
    """An array with its elements in C order: itself, or a copy."""
    assert isinstance(array.type, Array)
    if array.type.packed:
        return array
    inner = b.nested("map", "map")
    return nest(b, inner, [inner.graph.parameter("x", array.type.element)], ["each"], [array])[0]


def of_element(b: Builder, array: Node, element: Scalar) -> Node:
    """An array with its elements as others with the same machine values: itself, or a copy."""
    assert isinstance(array.type, Array)
    if array.type.element == element:
        return array
    inner = b.nested("map", "map")
    x = machine_value(inner, inner.graph.parameter("x", array.type.element))
    return nest(b, inner, [numpy_scalar(inner, x, element)], ["each"], [array])[0]
