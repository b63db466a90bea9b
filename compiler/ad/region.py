"""What reverse mode knows while it works: adjoints of functions, and regions of nodes that are being differentiated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tapeless.ad.copying import Map, image
from tapeless.ad.cotangents import Cotangent
from tapeless.ir.abstract import Box, Type
from tapeless.ir.builder import Builder
from tapeless.ir.nodes import Apply, Constant, Graph, Node, graph_of
from tapeless.ir.primitives.structure import item, make_tuple, unbox

TUPLE, ITEM, UNBOX = Constant(make_tuple), Constant(item), Constant(unbox)


@dataclass
class Adjoint:
    """▶f and ∂f for one set of active parameters; `residual` is what the one gives to the other."""

    forward: Graph
    backward: Graph
    residual: Type | None = None
    box: Box | None = None


@dataclass
class Region:
    """The nodes of one graph (or of a loop's head and step together) while they are differentiated.

    fb, bb    builders of the forward and the backward graph
    keep      makes a forward value of this region a residual, and gives it as a node of the backward graph
    sens      cotangents so far: of this region's nodes, and of nodes of the regions around it
    calls     forward results of calls and branches, with what their backward pass needs
    """

    outer: Region | None
    fb: Builder
    graphs: list[Graph]
    m: Map
    bb: Builder | None = None
    keep: Any = None
    sens: dict[Node, Cotangent] = field(default_factory=dict)
    calls: dict[Apply, Any] = field(default_factory=dict)
    kept: dict[Node, Node] = field(default_factory=dict)

    def ref(self, node: Node) -> Node:
        """The value of a forward node, in the backward graph."""
        if isinstance(node, Constant):
            return node
        region: Region = self
        while graph_of(node) not in region.graphs:
            assert region.outer is not None, f"{node} is out of scope"
            region = region.outer
        if node not in region.kept:
            region.kept[node] = region.keep(node)
        return region.kept[node]


class Values(dict[int, Node]):
    """The variables of a partial derivative: 0 the output, i the i-th input; only what is read becomes a residual."""

    def __init__(self, region: Region, node: Apply) -> None:
        super().__init__()
        self.region, self.node = region, node

    def __missing__(self, i: int) -> Node:
        primal = self.node if i == 0 else self.node.args[i - 1]
        out = self[i] = self.region.ref(image(self.region.m, primal))
        return out
