"""Indices of parts of arrays: those of triangles and diagonals, grids of them, and positions in a flattened array."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import sizes
from tapeless.ir.operators.dtypes import kind_of
from tapeless.ir.operators.elementwise import casted, element_kind, numpy_function, ufunc
from tapeless.ir.operators.numbers import index, known_index
from tapeless.ir.operators.numpy.arranging import along
from tapeless.ir.operators.numpy.creation import shape_of
from tapeless.ir.primitive import Mismatch, Ops, operator


# -- triangles and diagonals ------------------------------------------------------------------------------------------
def _below(ops: Ops, n: Any, m: Any, k: Any) -> Any:
    """A mask of the elements of an n x m matrix that are not above its k-th diagonal."""
    if m is None or ops.kind(m) == "none":
        m = n
    rows, columns = ops.operate("np.arange", n), ops.operate("np.arange", m)
    rows = rows if k is None else ops.operate("add", rows, k)
    return ops.operate("ge", along(ops, rows, 0, 2), columns)


@operator("np.tri", numpy_function("tri"), keywords=("N", "M", "k", "dtype"))
def tri(ops: Ops, n: Any, m: Any = None, k: Any = None, dtype: Any = None) -> Any:
    """np.tri(N, M=None, k=0, dtype=float)."""
    return casted(ops, _below(ops, n, m, k), kind_of(ops, dtype) or "np.f64")


def _indices(name: str, lower: bool) -> None:
    def where(ops: Ops, n: Any, m: Any, k: Any = None) -> Any:
        if not lower:
            k = ops.operate("sub", ops.lift(0) if k is None else k, ops.lift(1))
        mask = _below(ops, n, m, k)
        return ops.operate("np.nonzero", mask if lower else ops.operate("np.logical_not", mask))

    def expand(ops: Ops, n: Any, k: Any = None, m: Any = None) -> Any:
        return where(ops, n, m, k)

    def of(ops: Ops, arr: Any, k: Any = None) -> Any:
        if ops.kind(arr) != "array" or ops.array_type(arr).rank != 2:
            raise Mismatch("input array must be 2-d")
        rows, columns = sizes(ops, arr)
        return where(ops, rows, columns, k)

    expand.__doc__ = f"np.{name}(n, k=0, m=None): a tuple of the rows and the columns."
    of.__doc__ = f"np.{name}_from(arr, k=0): of the shape of a matrix."
    operator(f"np.{name}", numpy_function(name), keywords=("n", "k", "m"))(expand)
    operator(f"np.{name}_from", numpy_function(f"{name}_from"), keywords=("arr", "k"))(of)


_indices("tril_indices", True)
_indices("triu_indices", False)


@operator("np.diag_indices", numpy_function("diag_indices"), keywords=("n", "ndim"))
def diag_indices(ops: Ops, n: Any, ndim: Any = None) -> Any:
    """np.diag_indices(n, ndim=2)."""
    count = 2 if ndim is None else known_index(ops, ndim, "a number of dimensions")
    return ops.tuple([ops.operate("np.arange", n)] * count)


# -- grids ------------------------------------------------------------------------------------------------------------
@operator("np.ix_", numpy_function("ix_"))
def ix_(ops: Ops, *args: Any) -> Any:
    """np.ix_(*args) of vectors of ints, or masks: each along a dimension of its own."""
    out = []
    for axis, x in enumerate(args):
        x = ops.operate("np.asarray", x)
        if ops.array_type(x).rank != 1:
            raise Mismatch("Cross index must be 1 dimensional")
        if element_kind(ops, x) == "np.bool":
            x = ops.operate("np.flatnonzero", x)
        out.append(along(ops, x, axis, len(args)))
    return ops.tuple(out)


@operator("np.indices", numpy_function("indices"), keywords=("dimensions",))
def indices(ops: Ops, dimensions: Any) -> Any:
    """np.indices(dimensions): for each dimension an array of the indices along it, stacked."""
    lengths, _ = shape_of(ops, dimensions)
    shape = ops.tuple(lengths)
    lines = [along(ops, ops.operate("np.arange", n), d, len(lengths)) for d, n in enumerate(lengths)]
    return ops.operate("np.stack", ops.tuple([ops.operate("np.broadcast_to", x, shape) for x in lines]))


# -- positions in a flattened array -----------------------------------------------------------------------------------
@operator("np.unravel_index", numpy_function("unravel_index"), keywords=("indices", "shape"))
def unravel_index(ops: Ops, position: Any, shape: Any) -> Any:
    """np.unravel_index(indices, shape) of an int or an array of ints: a tuple of indices, one for each dimension."""
    lengths, _ = shape_of(ops, shape)
    total = ops.lift(1)
    for n in lengths:
        total = ops.apply("imul", total, n)
    rest = ops.operate("np.asarray", position) if ops.kind(position) in ("list", "tuple") else position
    what, values = "index", [total]
    if ops.kind(rest) != "array":
        values, what = [index(ops, rest), total], "index {}"
        rest = ops.operate("np.int64", values[0])
    _check_all_inside(ops, rest, total, f"{what} is out of bounds for array with size {{}}", *values)
    out = []
    for n in reversed(lengths[1:]):
        size = ops.apply("select", ops.apply("ieq", n, ops.lift(0)), ops.lift(1), n)
        out.append(ufunc(ops, "mod", rest, size))
        rest = ufunc(ops, "floordiv", rest, size)
    return ops.tuple([rest, *reversed(out)])


@operator("np.ravel_multi_index", numpy_function("ravel_multi_index"), keywords=("multi_index", "dims"))
def ravel_multi_index(ops: Ops, multi_index: Any, dims: Any) -> Any:
    """np.ravel_multi_index(multi_index, dims) of a tuple of ints or arrays of ints."""
    lengths, _ = shape_of(ops, dims)
    given = ops.items(multi_index) if ops.kind(multi_index) in ("tuple", "list") else [multi_index]
    if len(given) != len(lengths):
        return ops.raise_("ValueError", "parameter multi_index must be a sequence of length " + str(len(lengths)))
    out = ops.operate("np.int64", ops.lift(0))
    for i, n in zip(given, lengths):
        i = ops.operate("np.asarray", i) if ops.kind(i) in ("list", "tuple") else i
        _check_all_inside(ops, i, n, "invalid entry in coordinates array")
        out = ufunc(ops, "add", ufunc(ops, "mul", out, n), i)
    return out


def _check_all_inside(ops: Ops, i: Any, n: Any, message: str, *values: Any) -> None:
    """Raise ValueError unless all indices are from 0 to n - 1."""
    if element_kind(ops, i) not in ("np.i64", "int"):
        raise Mismatch("only int indices permitted")
    inside = ops.operate("bitand", ops.operate("ge", i, ops.lift(0)), ops.operate("lt", i, n))
    if ops.kind(inside) == "array":
        inside = ops.operate("np.all", inside)
    ops.check(ops.operate("truth", inside), "ValueError", message, *values)
