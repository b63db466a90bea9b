"""Reverse mode of what is solved and factored, in closed forms over the same primitives, so that more orders follow.

    x = a^-1 b         b̄ = a^-T x̄, ā = -b̄ x^T
    log|det a|         ā = ȳ a^-T
    l l^T = a          ā = s + s^T below the diagonal, s on it: s = l^-T p l^-1, p = l^T l̄ below, half of it on it
    a v = v diag(w)    as of the symmetric a + a^T there: s = v (diag(w̄) + (v^T v̄)_ij / (w_j - w_i)) v^T
    q r = a            ā = (q̄ + q c) r^-T, c symmetric, below the diagonal that of r r̄^T - q̄^T q

Right sides are rows here, so products stand the other way round. Of `cholesky` and `eigh`, which read one triangle, the
derivative by the other one is zero. Eigenvalues must be distinct, the columns of q linearly independent.

Sources: Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation";
Murray (2016), "Differentiation of the Cholesky decomposition"; Walter and Lehmann (2010), "Algorithmic differentiation
of linear algebra functions with application in optimum experimental design".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapeless.ad import cotangents as ct
from tapeless.ad.copying import image
from tapeless.ad.region import Region
from tapeless.ir.abstract import NP_F64, NP_I64, Array
from tapeless.ir.builder import Builder, constant
from tapeless.ir.nests import nest, packed
from tapeless.ir.nodes import Apply, Constant, Node

if TYPE_CHECKING:
    from tapeless.ad.reverse import Reverse

Entry = Callable[..., Node]
"""What computes an entry of a matrix: from a builder, whether it is left of, on, right of the diagonal, and floats."""


def _transposed(b: Builder, a: Node) -> Node:
    return b.apply("permute", a, constant("10"))


def _product(b: Builder, x: Node, y: Node) -> Node:
    return b.apply("matmul", x, y)


def _entrywise(b: Builder, entry: Entry, n: Node, arrays: list[Node]) -> Node:
    """A square matrix of n rows from matrices of its size (and rows, columns) by entries."""
    inner = b.nested("map", "map")
    row = b.apply("iota", n)
    column = b.apply("with_axes", row, type=Array(NP_I64, "?1"))
    i, j = (inner.apply("of_i64", inner.graph.parameter(name, NP_I64)) for name in "ij")
    values = [inner.apply("of_f64", inner.graph.parameter(f"x{k}", NP_F64)) for k in range(len(arrays))]
    left, equal = inner.apply("ilt", j, i), inner.apply("ieq", i, j)
    out = inner.apply("to_f64", entry(inner, left, equal, *values))
    return nest(b, inner, [out], ["each"], [column, row, *arrays])[0]


def _choose(b: Builder, left: Node, equal: Node, below: Node, on: Node, above: Node | None = None) -> Node:
    """One of three, by where an entry stands."""
    rest = b.apply("select", equal, on, constant(0.0) if above is None else above)
    return b.apply("select", left, below, rest)


def _negative_lower(b: Builder, left: Node, equal: Node, x: Node) -> Node:
    minus = b.apply("gneg", x)
    return _choose(b, left, equal, minus, minus)


def _half_lower(b: Builder, left: Node, equal: Node, x: Node) -> Node:
    return _choose(b, left, equal, x, b.apply("gmul", x, constant(0.5)))


def _both_below(b: Builder, left: Node, equal: Node, x: Node, y: Node) -> Node:
    """x + y, its transpose, below the diagonal."""
    return _choose(b, left, equal, b.apply("gadd", x, y), x)


def _symmetric(b: Builder, left: Node, equal: Node, x: Node, y: Node) -> Node:
    """x below and on the diagonal, and y, its transpose, above."""
    return _choose(b, left, equal, x, x, y)


def _negated(b: Builder, a: Node) -> Node:
    inner = b.nested("map", "map")
    x = inner.apply("of_f64", inner.graph.parameter("x", NP_F64))
    return nest(b, inner, [inner.apply("to_f64", inner.apply("gneg", x))], ["each"], [a])[0]


def _added(b: Builder, x: Node, y: Node) -> Node:
    inner = b.nested("map", "map")
    v, w = (inner.apply("of_f64", inner.graph.parameter(name, NP_F64)) for name in "xy")
    return nest(b, inner, [inner.apply("to_f64", inner.apply("gadd", v, w))], ["each"], [x, y])[0]


def _give(reverse: Reverse, region: Region, target: Node, made: Node) -> None:
    """Give a cotangent, with the dimensions of what it belongs to."""
    t = target.type
    assert region.bb is not None and isinstance(t, Array)
    t = Array(NP_F64, t.dims)
    if made.type != t:
        made = region.bb.apply("reshape", packed(region.bb, made), *region.like(target).sizes(), type=t)
    reverse.give(region, target, made)


def _parts(region: Region, node: Apply, seed: ct.Cotangent, count: int) -> list[Any]:
    """The results of a factorization, and their cotangents; zeros where there are none."""
    assert region.bb is not None
    out: list[Any] = []
    for k in range(count):
        part = region.fb.item(image(region.m, node), k)
        share = ct.item_of(region.bb, seed, k)
        if share is None:
            free = [d for d, n in enumerate(part.type.dims) if n != "1"]  # type: ignore[union-attr]
            sizes = [region.ref(region.fb.apply("size", part, constant(d))) for d in free]
            share = region.bb.apply("zeros", *sizes, type=part.type)
        out += [region.ref(part), share]
    return out


def _size(region: Region, a: Node) -> Node:
    return region.ref(region.fb.apply("size", image(region.m, a), constant(1)))


# -- what is solved ---------------------------------------------------------------------------------------------------
def _lu_solve(reverse: Reverse, region: Region, node: Apply, seed: Node) -> None:
    a, factors, pivots, b, how = node.args
    bb = region.bb
    assert bb is not None and isinstance(how, Constant)
    given = [region.ref(image(region.m, x)) for x in (a, factors, pivots)]
    back = bb.apply("lu_solve", *given, seed, constant("T" if how.value == "N" else "N"))
    if b in reverse.active:
        _give(reverse, region, b, back)
    if a in reverse.active:
        x = region.ref(image(region.m, node))
        left, right = (back, x) if how.value == "N" else (x, back)
        _give(reverse, region, a, _product(bb, _transposed(bb, _negated(bb, left)), right))


def _lu(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    """The rules of what reads the factors give their share to the matrix itself: what comes here, from frames, is 0."""


def _lu_det(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    bb, a = region.bb, node.args[0]
    assert bb is not None
    share = ct.item_of(bb, seed, 1)
    if share is None or a not in reverse.active:
        return

    def entry(b: Builder, left: Node, equal: Node) -> Node:
        return b.apply("select", equal, share, constant(0.0))

    scaled = _entrywise(bb, entry, _size(region, a), [])
    given = [region.ref(image(region.m, x)) for x in node.args]
    _give(reverse, region, a, bb.apply("lu_solve", *given, scaled, constant("N")))


def _tri_solve(reverse: Reverse, region: Region, node: Apply, seed: Node) -> None:
    low, b, how = node.args
    bb = region.bb
    assert bb is not None and isinstance(how, Constant)
    back = bb.apply("tri_solve", region.ref(image(region.m, low)), seed, constant("T" if how.value == "N" else "N"))
    if b in reverse.active:
        _give(reverse, region, b, back)
    if low in reverse.active:
        x = region.ref(image(region.m, node))
        left, right = (back, x) if how.value == "N" else (x, back)
        whole = _product(bb, _transposed(bb, left), right)
        _give(reverse, region, low, _entrywise(bb, _negative_lower, _size(region, low), [whole]))


# -- what is factored -------------------------------------------------------------------------------------------------
def _cholesky(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    bb, a = region.bb, node.args[0]
    assert bb is not None
    low, share = _parts(region, node, seed, 1)
    n = _size(region, a)
    p = _entrywise(bb, _half_lower, n, [_product(bb, _transposed(bb, low), share)])
    y = bb.apply("tri_solve", low, _transposed(bb, p), constant("T"))
    s = bb.apply("tri_solve", low, _transposed(bb, y), constant("T"))
    _give(reverse, region, a, _entrywise(bb, _both_below, n, [s, _transposed(bb, s)]))


def _eigh(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    bb, a = region.bb, node.args[0]
    assert bb is not None
    w, w_share, v, v_share = _parts(region, node, seed, 2)
    n = _size(region, a)

    def entry(b: Builder, left: Node, equal: Node, x: Node, right: Node, below: Node, share: Node) -> Node:
        gap = b.apply("select", equal, constant(1.0), b.apply("fsub", right, below))
        return b.apply("select", equal, share, b.apply("gdiv", x, gap))

    back = _transposed(bb, v)
    columns = [bb.apply("with_axes", w, type=Array(NP_F64, w.type.dims + "1"))]
    inside = _entrywise(bb, entry, n, [_product(bb, back, v_share), w, *columns, w_share])
    s = _product(bb, _product(bb, v, inside), back)
    _give(reverse, region, a, _entrywise(bb, _both_below, n, [s, _transposed(bb, s)]))


def _qr(reverse: Reverse, region: Region, node: Apply, seed: ct.Cotangent) -> None:
    bb, a = region.bb, node.args[0]
    assert bb is not None
    q, q_share, r, r_share = _parts(region, node, seed, 2)
    n = _size(region, a)
    m = _added(
        bb,
        _product(bb, r, _transposed(bb, r_share)),
        _negated(bb, _product(bb, _transposed(bb, q_share), q)),
    )
    c = _entrywise(bb, _symmetric, n, [m, _transposed(bb, m)])
    rows = _added(bb, q_share, _product(bb, q, c))
    _give(reverse, region, a, bb.apply("tri_solve", _transposed(bb, r), rows, constant("T")))


RULES: dict[str, Callable[[Reverse, Region, Apply, Any], None]] = {
    "lu": _lu,
    "lu_solve": _lu_solve,
    "lu_det": _lu_det,
    "tri_solve": _tri_solve,
    "cholesky": _cholesky,
    "eigh": _eigh,
    "qr": _qr,
}
