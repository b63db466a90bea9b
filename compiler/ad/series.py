"""Power series of floats, from partial derivatives: y = p(x1, ..., xm) gives the coefficients of y from those of the x.

A series is y0 + y1 t + y2 t^2 + ..., its coefficients nodes, made one by one as they are asked for; None is zero. From
dy/dt = sum of ∂p/∂xi dxi/dt follows

    k y_k = sum over i and j = 1..k of  j x_i,j (∂p/∂xi)_(k-j)

where ∂p/∂xi is a term over the inputs and the output, whose series comes from the same equation. It is needed only up
to k-1, so that series which depend on one another (sin on cos, cos on sin, tanh on 1 - tanh^2) are well founded. Series
of equal terms are one. Two shapes of partials have equations that need half as many products:

    ∂p = (y, x)                  z_k = sum over j = 0..k of  x_j y_(k-j)                      products
    ∂p = (1/y, -z/y)             z_k = (x_k - sum over j = 1..k of  y_j z_(k-j)) / y_0        quotients

Source: Griewank and Walther (2008), "Evaluating derivatives", chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapeless.ad.cotangents import symbolic
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nodes import Constant, Node
from tapeless.ir.primitive import REGISTRY, Primitive, Term, Var

PRODUCT, QUOTIENT = REGISTRY["fmul"].partials, REGISTRY["fdiv"].partials
Coefficient = Node | None


class Series:
    """The coefficients of one float: `series[k]`. `make` gives the k-th for k > 0; without it the float is constant."""

    def __init__(self, value: Node, make: Callable[[int], Coefficient] | None = None) -> None:
        self.value, self.make = value, make
        self.known: dict[int, Coefficient] = {}

    def __getitem__(self, k: int) -> Coefficient:
        if k == 0:
            return self.value
        if self.make is None:
            return None
        if k not in self.known:
            self.known[k] = symbolic(self.make(k))
        return self.known[k]


class Recurrences:
    """Series of nodes that a builder makes, for one application and what its coefficients depend on."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.by_value: dict[Node, Series] = {}

    def given(self, value: Node, row: Sequence[Coefficient]) -> Series:
        """The series with a row of coefficients 1, 2, ..."""
        if all(c is None for c in row):
            return Series(value)
        return self.by_value.setdefault(value, Series(value, lambda k: row[k - 1]))

    def applied(self, prim: Primitive, args: list[Series], value: Node) -> Series:
        """The series of a primitive applied to series; `value` is its coefficient 0."""
        if isinstance(value, Constant) or prim.partials is None or all(a.make is None for a in args):
            return Series(value)
        if value not in self.by_value:
            out = self.by_value[value] = Series(value)
            if prim.partials == PRODUCT:
                out.make = self._product(prim, args)
            elif prim.partials == QUOTIENT:
                out.make = self._quotient(prim, args, out)
            else:
                out.make = self._by_partials(prim, args, out)
        return self.by_value[value]

    def term(self, t: Any, variables: Sequence[Series]) -> Series:
        """The series of a term (see `Primitive.partials`) over series."""
        match t:
            case Term(primitive=prim, args=args):
                inputs = [self.term(a, variables) for a in args]
                return self.applied(prim, inputs, self.b.apply(prim.name, *(s.value for s in inputs)))
            case Var(index=i):
                return variables[i]
        return Series(constant(t))

    # -- the equations ----------------------------------------------------------------------------------------------
    def _by_partials(self, prim: Primitive, args: list[Series], out: Series) -> Callable[[int], Coefficient]:
        assert prim.partials is not None
        times = self._guarded if prim.singular else self._times
        moving = [(x, partial) for x, partial in zip(args, prim.partials) if x.make is not None and partial != 0.0]
        slopes: dict[int, Series] = {}

        def slope(i: int) -> Series:
            if i not in slopes:
                slopes[i] = self.term(moving[i][1], [out, *args])
            return slopes[i]

        def make(k: int) -> Coefficient:
            total: Coefficient = None
            for i, (x, _) in enumerate(moving):
                for j in range(1, k):
                    if x[j] is not None:
                        total = self._plus(total, times(slope(i)[k - j], self._scaled(x[j], float(j))))
            total = self._scaled(total, 1.0 / k)
            for i, (x, _) in enumerate(moving):
                if x[k] is not None:
                    total = self._plus(total, times(slope(i)[0], x[k]))
            return total

        return make

    def _product(self, prim: Primitive, args: list[Series]) -> Callable[[int], Coefficient]:
        x, y = args
        times = self._guarded if prim.singular else self._times

        def make(k: int) -> Coefficient:
            if x is y:  # a square: each product but the middle one comes twice
                half = self._sum(times(x[j], x[k - j]) for j in range((k + 1) // 2))
                return self._plus(self._scaled(half, 2.0), times(x[k // 2], x[k // 2]) if k % 2 == 0 else None)
            return self._sum(times(x[j], y[k - j]) for j in range(k + 1))

        return make

    def _quotient(self, prim: Primitive, args: list[Series], out: Series) -> Callable[[int], Coefficient]:
        x, y = args
        divide = "gdiv_guarded" if prim.singular else "fdiv"

        def make(k: int) -> Coefficient:
            taken = self._sum(self._times(y[j], out[k - j]) for j in range(1, k + 1))
            left = self._plus(x[k], None if taken is None else self.b.apply("gneg", taken))
            return None if left is None else self.b.apply(divide, left, y.value)

        return make

    # -- arithmetic of coefficients ---------------------------------------------------------------------------------
    def _sum(self, terms: Any) -> Coefficient:
        total: Coefficient = None
        for t in terms:
            total = self._plus(total, t)
        return total

    def _plus(self, x: Coefficient, y: Coefficient) -> Coefficient:
        if x is None or y is None:
            return x if y is None else y
        return self.b.apply("gadd", x, y)

    def _times(self, x: Coefficient, y: Coefficient) -> Coefficient:
        return None if x is None or y is None else symbolic(self.b.apply("gmul", x, y))

    def _guarded(self, x: Coefficient, y: Coefficient) -> Coefficient:
        return None if x is None or y is None else symbolic(self.b.apply("gmul_guarded", x, y))

    def _scaled(self, x: Coefficient, factor: float) -> Coefficient:
        return None if x is None else self.b.apply("gmul", x, constant(factor))
