"""Arrays: their shape, their attributes, indices."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.numbers import either, is_whole, known_int, refuse, to_int
from tapeless.ir.operators.ufuncs import machine
from tapeless.ir.primitive import Mismatch, Ops, operator


def sizes(ops: Ops, a: Any) -> list[Any]:
    """The sizes of an array, as ints."""
    dims = ops.array_type(a).dims
    return [ops.lift(1) if n == "1" else ops.apply("size", a, ops.lift(d)) for d, n in enumerate(dims)]


def array_length(ops: Ops, a: Any) -> Any:
    """len(a)."""
    if not ops.array_type(a).dims:
        raise Mismatch("len() of unsized object")
    return sizes(ops, a)[0]


def index_array(ops: Ops, a: Any, k: Any) -> Any:
    """a[k]."""
    rank = ops.array_type(a).rank
    indices = ops.items(k) if ops.kind(k) == "tuple" else [k]
    if len(indices) > rank:
        message = f"too many indices for array: array is {rank}-dimensional, but {len(indices)} were indexed"
        return ops.raise_("IndexError", message)
    if len(indices) < rank or not all(is_whole(ops, machine(ops, i)) and ops.kind(i) != "bool" for i in indices):
        raise Mismatch("only an element of an array can be indexed yet")
    return ops.apply("element", a, *_in_range(ops, a, [to_int(ops, machine(ops, i)) for i in indices]))


def _in_range(ops: Ops, a: Any, indices: list[Any]) -> list[Any]:
    """Indices from the start of each dimension, checked."""
    out = []
    for axis, (i, n) in enumerate(zip(indices, sizes(ops, a))):
        at = known_int(ops, i)
        if at is None:
            i = ops.apply("select", ops.apply("ilt", i, ops.lift(0)), ops.apply("iadd", i, n), i)
        elif at < 0:
            i = ops.apply("iadd", n, i)
        outside = either(ops, ops.apply("ilt", i, ops.lift(0)), ops.apply("ile", n, i))
        refuse(ops, outside, "IndexError", f"index is out of bounds for axis {axis}")
        out.append(i)
    return out


def at_position(ops: Ops, a: Any, i: Any) -> Any:
    """a[i], where i is in range."""
    if ops.array_type(a).rank != 1:
        raise Mismatch("iteration over the rows of an array is not supported yet")
    return ops.apply("element", a, i)


def _shape(ops: Ops, a: Any) -> Any:
    return ops.tuple(sizes(ops, a))


def _ndim(ops: Ops, a: Any) -> Any:
    return ops.lift(ops.array_type(a).rank)


def _size(ops: Ops, a: Any) -> Any:
    out = ops.lift(1)
    for n in sizes(ops, a):
        out = ops.apply("imul", out, n)
    return out


ATTRIBUTES = {"shape": _shape, "ndim": _ndim, "size": _size}
METHODS = ("sum", "mean")


@operator("getattr", getattr)
def getattr_(ops: Ops, x: Any, name: Any) -> Any:
    """x.name of an array."""
    key = ops.constant(name)
    if ops.kind(x) != "array":
        raise Mismatch(f"the attribute `.{key}` of an object of type '{ops.describe(x)}' is not supported")
    if key in METHODS:
        return ops.record("partial[]", [ops.function(f"np.{key}"), x])
    if key not in ATTRIBUTES:
        raise Mismatch(f"'numpy.ndarray' object has no attribute '{key}' that is supported")
    return ATTRIBUTES[key](ops, x)
