"""What a call of a backward pass needs: what is held of the arguments, and cotangents to add to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.ad.cotangents import zero
from tapeless.ir.abstract import Array, cotangent
from tapeless.ir.builder import Builder, constant
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Node

if TYPE_CHECKING:
    from tapeless.ad.region import Adjoint


@dataclass(frozen=True)
class Given:
    """A value that is there: what a cotangent of it is like."""

    b: Builder
    node: Node

    def item(self, k: int) -> Given:
        """The k-th item of a tuple or record."""
        return Given(self.b, self.b.item(self.node, k))

    def sizes(self) -> list[Node]:
        """The sizes of an array that are not 1."""
        assert isinstance(self.node.type, Array)
        free = (d for d, n in enumerate(self.node.type.dims) if n != "1")
        return [self.b.apply("size", self.node, constant(d)) for d in free]


def pulled(b: Builder, adjoint: Adjoint, given: dict[int, Node], kept: Node, ct: Node) -> list[Node]:
    """The arguments of a backward pass that starts from nothing; `given` has the parameters of f that are held."""
    arrays = (given[i] for i in adjoint.arrays)
    totals = [zero(b, cotangent(a.type), Given(b, a)) for a in arrays]  # type: ignore[arg-type]
    return [*(given[i] for i in adjoint.again), kept, ct, *totals]
