"""Diagonals of matrices: taken, summed, and matrices made of them."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import axis_in, filled, sizes, transposed
from tapeless.ir.operators.elementwise import element_kind, numpy_function
from tapeless.ir.operators.indexing import Index, gathered
from tapeless.ir.operators.numbers import index
from tapeless.ir.operators.numpy.arranging import need_arrays
from tapeless.ir.operators.numpy.creation import line
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.writing import put
from tapeless.ir.primitive import Mismatch, Ops, operator


def _start(ops: Ops, k: Any) -> tuple[Any, Any]:
    """The row and the column where the k-th diagonal begins."""
    zero = ops.lift(0)
    below = ops.apply("ilt", k, zero)
    return ops.apply("select", below, ops.apply("ineg", k), zero), ops.apply("select", below, zero, k)


def _filled(a: Any, val: Any) -> Any:
    numpy_function("fill_diagonal")(a, val)
    return a


@operator("np.diagonal", numpy_function("diagonal"), keywords=("a", "offset", "axis1", "axis2"))
def diagonal(ops: Ops, a: Any, offset: Any = None, axis1: Any = None, axis2: Any = None) -> Any:
    """np.diagonal(a, offset=0, axis1=0, axis2=1)."""
    need_arrays(ops, "diagonal", a)
    return ops.viewed(_diagonal(ops, a, offset, axis1, axis2), a, writable=False)


def _diagonal(ops: Ops, a: Any, offset: Any = None, axis1: Any = None, axis2: Any = None) -> Any:
    """A diagonal, as a new array."""
    a, rank = ops.plain(a), ops.array_type(a).rank
    if rank < 2:
        return ops.raise_("ValueError", "diag requires an array of at least two dimensions")
    i, j = (axis_in(ops, ops.lift(d) if k is None else k, rank) for d, k in enumerate((axis1, axis2)))
    if i == j:
        return ops.raise_("ValueError", "axis1 and axis2 cannot be the same")
    order = [*(d for d in range(rank) if d not in (i, j)), i, j]
    a = a if order == sorted(order) else transposed(ops, a, order)
    row, column = _start(ops, ops.lift(0) if offset is None else index(ops, offset))
    *lengths, n, m = sizes(ops, a)
    rows, columns = ops.apply("isub", n, row), ops.apply("isub", m, column)
    least = ops.apply("select", ops.apply("ilt", rows, columns), rows, columns)
    size = ops.apply("select", ops.apply("ilt", least, ops.lift(0)), ops.lift(0), least)
    dims = ops.array_type(a).dims[:-2] + "?"
    lines = [line(ops, length, dims, d) for d, length in enumerate([*lengths, size])]
    at = [Index(p) for p in lines[:-1]]
    at += [Index(lines[-1], lambda i, first=first: ops.apply("iadd", i, first)) for first in (row, column)]  # type: ignore[misc]
    return gathered(ops, a, at)


@operator("np.diag", numpy_function("diag"), keywords=("v", "k"))
def diag(ops: Ops, v: Any, k: Any = None) -> Any:
    """np.diag(v, k=0): the matrix with a vector as its k-th diagonal, or this diagonal of a matrix."""
    need_arrays(ops, "diag", v)
    rank = ops.array_type(v).rank
    if rank == 2:
        return diagonal.expand(ops, v, k)
    if rank != 1:
        raise Mismatch("Input must be 1- or 2-d.")
    row, column = _start(ops, ops.lift(0) if k is None else index(ops, k))
    n = ops.apply("iadd", sizes(ops, v)[0], ops.apply("iadd", row, column))
    # in one row, the diagonal is every element that comes n + 1 after another
    flat = filled(ops, ops.lift(False), [ops.apply("imul", n, n)], "?", element_kind(ops, v))
    first = ops.apply("iadd", ops.apply("imul", row, n), column)
    flat = ops.apply("put_window", flat, v, first, ops.apply("iadd", n, ops.lift(1)))
    return reshaped(ops, flat, [n, n])


@operator("np.trace", numpy_function("trace"), keywords=("a", "offset", "axis1", "axis2"))
def trace(ops: Ops, a: Any, offset: Any = None, axis1: Any = None, axis2: Any = None) -> Any:
    """np.trace(a, offset=0, axis1=0, axis2=1)."""
    need_arrays(ops, "trace", a)
    return ops.operate("np.sum", _diagonal(ops, a, offset, axis1, axis2), ops.lift(-1))


@operator("np.fill_diagonal", _filled, writes=True)
def fill_diagonal(ops: Ops, a: Any, val: Any) -> Any:
    """np.fill_diagonal(a, val): what a is afterwards; several values are taken in turn."""
    if ops.kind(a) != "array" or ops.array_type(a).rank < 2:
        raise Mismatch("array must be at least 2-d")
    lengths = sizes(ops, a)
    count = lengths[0]
    for n in lengths[1:]:
        if len(lengths) == 2:
            count = ops.apply("select", ops.apply("ilt", n, count), n, count)
        else:
            equal = ops.apply("ieq", n, count)
            ops.check(equal, "ValueError", "All dimensions of input must be of equal length")
    at = ops.operate("np.arange", count)
    if ops.kind(val) in ("array", "list", "tuple"):
        values = ops.operate("np.ravel", ops.operate("np.asarray", val))
        val = ops.operate("np.take", values, ops.operate("mod", at, sizes(ops, values)[0]))
    return ops.written(a, put(ops, a, val, ops.tuple([at] * len(lengths))))
