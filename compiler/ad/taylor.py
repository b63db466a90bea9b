"""Taylor mode: f(x...) -> y becomes a function of series, x + x1 t + x2 t^2 + ... to y + y1 t + y2 t^2 + ...

The companions of a value are the coefficients 1..order of its series along the curve: y_k is the k-th derivative of y
by t, at t = 0, over k!. Their arithmetic is in `series.py`: O(order^2) operations for each elementary function, where
nested first derivatives double the work with each order.

Source: Griewank and Walther (2008), "Evaluating derivatives", chapter 13; Bettencourt, Johnson and Duvenaud (2019),
"Taylor-mode automatic differentiation for higher-order derivatives in JAX".
"""

from __future__ import annotations

from tapeless.ad.companions import Companions, Row
from tapeless.ad.copying import Map, image
from tapeless.ad.series import Recurrences
from tapeless.ir.builder import Builder
from tapeless.ir.nodes import Apply
from tapeless.ir.primitive import Primitive


class Taylor(Companions):
    """The functions of one program on series, to one order."""

    def __init__(self, order: int) -> None:
        super().__init__(order, f"▷{order}")

    def scalar(self, b: Builder, node: Apply, prim: Primitive, m: Map, rows: list[Row]) -> Row:
        """The coefficients of one application."""
        assert prim.partials is not None, f"{prim} has no derivative"
        recurrences = Recurrences(b)
        args = [recurrences.given(image(m, a), row) for a, row in zip(node.args, rows)]
        series = recurrences.applied(prim, args, image(m, node))
        return [series[k] for k in range(1, self.count + 1)]
