"""What reverse mode knows while it works: adjoints of functions, and regions of nodes that are being differentiated."""

from __future__ import annotations

from typing import Any

from tapeless.ad.copying import Map, image
from tapeless.ad.cotangents import Cotangent, materialize, zero
from tapeless.ad.residuals import Scope, Slots
from tapeless.ir.abstract import Array, Box, Tuple, Type, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.nodes import Apply, Constant, Graph, Node, graph_of


@dataclass
class Adjoint:
    """▶f(x...) -> (y, residual) and ∂f(x[again]..., residual, ȳ) -> (x̄...) for one set of active parameters.

    again      which parameters of f the backward pass gets once more: its caller has them, or computes them again
    arrays     which active parameters are arrays: the backward pass gets their cotangents so far
    residual   what the one gives to the other; a box where f is recursive
    """

    forward: Graph
    backward: Graph
    again: tuple[int, ...] = ()
    arrays: tuple[int, ...] = ()
    residual: Type | None = None
    box: Box | None = None

    @property
    def kept(self) -> Type:
        """The type of the residual; of a recursive f also before it is complete."""
        kept = self.residual if self.residual is not None else self.box
        assert kept is not None
        return kept

    @property
    def held(self) -> tuple[int, ...]:
        """The parameters of f that a pullback holds: of arrays it wants the sizes."""
        return tuple(sorted({*self.again, *self.arrays}))

    @property
    def pullback(self) -> Tuple:
        """The type of all that a pullback holds."""
        return Tuple((*(self.forward.params[i].type for i in self.held), self.kept))  # type: ignore[arg-type]


@dataclass
class Region:
    """The nodes of one graph (or of a loop's head and step together) while they are differentiated.

    fb, bb    builders of the forward and the backward graph
    sens      cotangents so far: of this region's nodes, and of nodes of the regions around it
    calls     forward results of calls and branches, with what their backward pass needs
    recurrences   of a loop: writes to arrays, with what computes their values (`recurrences.py`)
    slots     of a branch: the forward switch, of which it is branch number `side`
    """

    outer: Region | None
    fb: Builder
    graphs: list[Graph]
    m: Map
    bb: Builder | None = None
    slots: Slots | None = None
    side: int = 0
    sens: dict[Node, Cotangent] = field(default_factory=dict)
    calls: dict[Apply, Any] = field(default_factory=dict)
    recurrences: dict[Apply, list[Apply]] = field(default_factory=dict)
    scope: Scope = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.scope is None:
            self.scope = Scope(self)

    def ref(self, node: Node) -> Node:
        """The value of a forward node, in the backward graph."""
        if isinstance(node, Constant):
            return node
        region: Region = self
        while graph_of(node) not in region.graphs:
            assert region.outer is not None, f"{node} is out of scope"
            region = region.outer
        return region.scope.request(region, node)

    def like(self, node: Node) -> Like:
        """What the cotangent of a node is like."""
        return Like(self, image(self.m, node))

    def zero_of(self, node: Node) -> Node:
        """The zero cotangent of a node, in the backward graph."""
        assert self.bb is not None and node.type is not None
        return zero(self.bb, cotangent(node.type), self.like(node))

    def total(self, node: Node) -> Node:
        """The cotangent of a node so far."""
        assert self.bb is not None and node.type is not None
        return materialize(self.bb, self.sens.get(node), cotangent(node.type), self.like(node))

    def add_element(self, array: Node, share: Node, at: list[Node]) -> None:
        """Add to the cotangent of one element of an array."""
        assert self.bb is not None
        self.sens[array] = self.bb.apply("accumulate", self.total(array), share, *at)

    def take(self, node: Node) -> Node:
        """The cotangent of a node so far, to be handed to what adds to it."""
        total = self.total(node)
        self.sens.pop(node, None)
        return total


@dataclass(frozen=True)
class Like:
    """Part of a forward value of a region: `path` leads to it from the node. Its nodes are made where it is asked."""

    region: Region
    node: Node
    path: tuple[int, ...] = ()

    def item(self, k: int) -> Like:
        """The k-th item of a tuple or record."""
        return Like(self.region, self.node, (*self.path, k))

    def sizes(self) -> list[Node]:
        """The sizes of an array that are not 1, in the backward graph."""
        b, array = self.region.fb, self.node
        for k in self.path:
            array = b.item(array, k)
        assert isinstance(array.type, Array)
        free = (d for d, n in enumerate(array.type.dims) if n != "1")
        return [self.region.ref(b.apply("size", array, constant(d))) for d in free]


class Values(dict[int, Node]):
    """The variables of a partial derivative: 0 the output, i the i-th input; only what is read is asked for."""

    def __init__(self, region: Region, node: Apply) -> None:
        super().__init__()
        self.region, self.node = region, node

    def __missing__(self, i: int) -> Node:
        primal = self.node if i == 0 else self.node.args[i - 1]
        out = self[i] = self.region.ref(image(self.region.m, primal))
        return out
