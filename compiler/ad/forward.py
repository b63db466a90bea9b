"""Forward mode: f(x...) -> y becomes ▷f(x..., ẋ...) -> (y, ẏ...), with as many tangents per active value as directions.

The companions of a value are its tangents, one for each direction. All directions are one pass: the primal and the
partial derivatives of y = p(x1, ..., xm) are computed once, and along each direction

    ẏ = sum over i of  ∂p/∂xi ẋi

No closures and no frames: `companions.py` keeps tangents beside their values.

Source: Griewank and Walther (2008), "Evaluating derivatives", chapter 3.
"""

from __future__ import annotations

from tapeless.ad import cotangents as ct
from tapeless.ad.companions import Companions, Row, Rows
from tapeless.ad.copying import Map, image
from tapeless.ad.units import assemble, unit_tangents
from tapeless.ir.abstract import FLOAT, cotangent
from tapeless.ir.builder import Builder
from tapeless.ir.nodes import Apply, Graph, Node
from tapeless.ir.primitive import Primitive


class Forward(Companions):
    """▷ of the functions of one program along a number of directions at once."""

    def __init__(self, directions: int) -> None:
        super().__init__(directions, "▷")

    def gradient(self, g: Graph, mask: str) -> Graph:
        """(params...) -> (y, x̄...) of a function with a float result; one direction for each float that it is by."""
        out = Graph(self.mark + g.name, span=g.span)
        m: Map = {p: out.parameter(p.name, p.type, p.span) for p in g.params}
        wanted = {p: cotangent(p.type) for p, bit in zip(g.params, mask) if bit == "1"}  # type: ignore[arg-type]
        seeds = [(p, seed) for p, type in wanted.items() for seed in unit_tangents(type)]
        t: Rows = {p: [seed if p is of else None for of, seed in seeds] for p in wanted}
        b = self.body(g, out, m, t)
        floats = [ct.materialize(b, c, FLOAT) for c in self.row(t, g.output)]
        out.output = b.tuple([image(m, g.output), *(assemble(b, type, floats) for type in wanted.values())])
        return out

    def scalar(self, b: Builder, node: Apply, prim: Primitive, m: Map, rows: list[Row]) -> Row:
        """The tangents of one application."""
        assert prim.partials is not None, f"{prim} has no derivative"
        values = {i: image(m, n) for i, n in enumerate((node, *node.args))}
        out: Row = []
        for k in range(self.count):
            total: Node | None = None
            for row, partial in zip(rows, prim.partials):
                if row[k] is not None and (term := ct.scaled(b, row[k], partial, values, prim.singular)) is not None:
                    total = term if total is None else b.apply("gadd", total, term)
            out.append(total)
        return out
