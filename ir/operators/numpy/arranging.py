"""Functions that arrange dimensions, and join or cut arrays along them: made of views, nests and joins."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import Array
from tapeless.ir.operators.arrays import axes_in, axis_in, index_array, machine_constant, sizes, transposed
from tapeless.ir.operators.elementwise import element_kind, mapped, numpy_function
from tapeless.ir.operators.numbers import index, known_index
from tapeless.ir.operators.numpy.creation import positions, spread_to
from tapeless.ir.operators.numpy.shapes import joined, merged, parts_in, reshaped, rows_of
from tapeless.ir.primitive import Mismatch, Ops, operator


def with_dims(ops: Ops, a: Any, dims: str) -> Any:
    """An array with other dimensions of size 1 between its own."""
    t = ops.array_type(a)
    return a if dims == t.dims else ops.make("with_axes", Array(t.element, dims, t.packed), a)


def along(ops: Ops, x: Any, d: int, rank: int) -> Any:
    """A vector as an array of `rank` dimensions, along the d-th of them."""
    return with_dims(ops, x, "1" * d + ops.array_type(x).dims + "1" * (rank - d - 1))


def need_arrays(ops: Ops, function: str, *xs: Any) -> None:
    """Refuse what is no array."""
    for x in xs:
        if ops.kind(x) != "array":
            raise Mismatch(f"{function} of an object of type '{ops.describe(x)}' is not supported")


# -- order and number of dimensions -----------------------------------------------------------------------------------
@operator("np.swapaxes", numpy_function("swapaxes"), keywords=("a", "axis1", "axis2"))
def swapaxes(ops: Ops, a: Any, axis1: Any, axis2: Any) -> Any:
    """np.swapaxes(a, axis1, axis2)."""
    need_arrays(ops, "swapaxes", a)
    rank = ops.array_type(a).rank
    i, j = (axis_in(ops, k, rank) for k in (axis1, axis2))
    return transposed(ops, a, [j if d == i else i if d == j else d for d in range(rank)])


@operator("np.moveaxis", numpy_function("moveaxis"), keywords=("a", "source", "destination"))
def moveaxis(ops: Ops, a: Any, source: Any, destination: Any) -> Any:
    """np.moveaxis(a, source, destination)."""
    need_arrays(ops, "moveaxis", a)
    rank = ops.array_type(a).rank
    come, go = (axes_in(ops, k, rank) for k in (source, destination))
    if len(come) != len(go):
        raise Mismatch("`source` and `destination` arguments must have the same number of elements")
    order = [d for d in range(rank) if d not in come]
    for to, d in sorted(zip(go, come)):
        order.insert(to, d)
    return transposed(ops, a, order)


@operator("np.expand_dims", numpy_function("expand_dims"), keywords=("a", "axis"))
def expand_dims(ops: Ops, a: Any, axis: Any) -> Any:
    """np.expand_dims(a, axis)."""
    need_arrays(ops, "expand_dims", a)
    dims = ops.array_type(a).dims
    count = len(dims) + (len(ops.items(axis)) if ops.kind(axis) == "tuple" else 1)
    new, own = axes_in(ops, axis, count), iter(dims)
    return with_dims(ops, a, "".join("1" if d in new else next(own) for d in range(count)))


def _at_least(rank: int, name: str) -> None:
    def expand(ops: Ops, a: Any) -> Any:
        need_arrays(ops, name, a)
        return with_dims(ops, a, ops.array_type(a).dims.rjust(rank, "1"))

    expand.__doc__ = f"np.{name}(a) of an array."
    operator(f"np.{name}", numpy_function(name))(expand)


_at_least(1, "atleast_1d")
_at_least(2, "atleast_2d")


@operator("np.flatten", lambda a: a.flatten())
def flatten(ops: Ops, a: Any) -> Any:
    """a.flatten(): a copy, as values are."""
    return ops.operate("np.copy", reshaped(ops, a, [ops.lift(-1)]))


@operator("np.broadcast_to", numpy_function("broadcast_to"), keywords=("array", "shape"))
def broadcast_to(ops: Ops, array: Any, shape: Any) -> Any:
    """np.broadcast_to(array, shape)."""
    need_arrays(ops, "broadcast_to", array)
    return ops.viewed(spread_to(ops, array, shape), array, writable=False)


# -- joined and cut ---------------------------------------------------------------------------------------------------
def _stacked(name: str, rank: int, axis: int, columns: bool = False) -> None:
    """Arrays brought to a number of dimensions, one after another along a dimension."""

    def expand(ops: Ops, tup: Any) -> Any:
        def brought(dims: str) -> str:
            if columns and len(dims) == 1:
                dims += "1"
            elif rank == 3:
                dims = {1: f"1{dims}1", 2: f"{dims}1"}.get(len(dims), dims)
            return dims.rjust(rank, "1")

        def along(dims: str) -> int:
            return 0 if name == "hstack" and len(dims) == 1 else axis

        if (whole := rows_of(ops, tup, "concatenate")) is not None:
            dims = ops.array_type(whole).dims
            return merged(ops, with_dims(ops, whole, dims[0] + brought(dims[1:])), along(dims[1:]))
        parts = parts_in(ops, tup)
        types = [ops.array_type(a) for a in parts]
        made = [with_dims(ops, a, brought(t.dims)) for a, t in zip(parts, types)]
        return joined(ops, made, along(types[0].dims))

    expand.__doc__ = f"np.{name}(arrays)."
    operator(f"np.{name}", numpy_function(name), keywords=("tup",))(expand)


_stacked("vstack", 2, 0)
_stacked("hstack", 1, 1)
_stacked("dstack", 3, 2)
_stacked("column_stack", 2, 1, columns=True)


@operator("np.split", numpy_function("split"), keywords=("ary", "indices_or_sections", "axis"))
def split(ops: Ops, ary: Any, parts: Any, axis: Any = None) -> Any:
    """np.split(a, n, axis=0) into a known number of equal parts: a tuple, where NumPy has a list."""
    need_arrays(ops, "split", ary)
    if ops.kind(parts) == "tuple":
        raise Mismatch("split at indices is not supported: take slices")
    rank = ops.array_type(ary).rank
    d = 0 if axis is None else axis_in(ops, axis, rank)
    count = known_index(ops, parts, "the number of parts")
    if count < 1:
        return ops.raise_("ValueError", "number sections must be larger than 0.")
    n, each = sizes(ops, ary)[d], ops.lift(count)
    rest = ops.apply("ieq", ops.apply("imod", n, each), ops.lift(0))
    ops.check(rest, "ValueError", "array split does not result in an equal division")
    length, none = ops.apply("ifloordiv", n, each), ops.lift(None)
    full = ops.record("slice", (none, none, none))
    out = []
    for k in range(count):
        low, high = (ops.apply("imul", length, ops.lift(i)) for i in (k, k + 1))
        part = ops.record("slice", (low, high, none))
        out.append(index_array(ops, ary, ops.tuple([part if i == d else full for i in range(rank)])))
    return ops.tuple(out)


# -- triangles --------------------------------------------------------------------------------------------------------
def _triangle(name: str, lower: bool) -> None:
    def expand(ops: Ops, m: Any, k: Any = None) -> Any:
        need_arrays(ops, name, m)
        rank, kind = ops.array_type(m).rank, element_kind(ops, m)
        if rank < 2:
            raise Mismatch(f"{name} of a vector is not supported")
        shift = ops.lift(0) if k is None else index(ops, k)
        nothing = ops.lift(machine_constant(kind, 0))

        def keep(ops: Ops, x: Any, i: Any, j: Any) -> Any:
            edge = ops.apply("iadd", i, shift)
            inside = ops.apply("ile", j, edge) if lower else ops.apply("ile", edge, j)
            return ops.apply("select", inside, x, nothing)

        rows, columns = positions(ops, m, rank - 2), positions(ops, m, rank - 1)
        return mapped(ops, [kind, "np.i64", "np.i64"], kind, keep, m, rows, columns)

    expand.__doc__ = f"np.{name}(m, k=0)."
    operator(f"np.{name}", numpy_function(name), keywords=("m", "k"))(expand)


_triangle("tril", True)
_triangle("triu", False)
