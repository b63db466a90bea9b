"""Primitives on arrays: values of which nothing changes. All are total; what can fail is checked before."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import INT, NP_I64, Array, Str, Type
from tapeless.ir.primitive import primitive
from tapeless.ir.primitives.sizes import element_of, nothing_to_sum, one_order, size_of, without_zeros

TOO_BIG = "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."
"""What NumPy says of arrays that no memory could hold."""


def numpy() -> Any:
    """NumPy, which only what needs it imports."""
    import numpy

    return numpy


def _element(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return a.element


def _stated(*_: Type) -> Any:
    """The node states its type."""
    return None


def _same(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return Array(a.element, a.dims)


def _accumulate(a: Any, v: float, *index: int) -> Any:
    out = a.copy()
    out[index] += v
    return out


def _put(a: Any, v: Any, *index: int) -> Any:
    out = a.copy()
    out[index] = v
    return out


def _slices(starts: Any, steps: Any, sizes: Any) -> tuple[Any, ...]:
    """Indices of NumPy for windows: `slice` means something else where an end is negative."""
    return numpy().ix_(*(s + d * numpy().arange(n) for s, d, n in zip(starts, steps, sizes)))


def _add_window(a: Any, v: Any, *bounds: int) -> Any:
    out = a.copy()
    out[_slices(bounds[0::2], bounds[1::2], v.shape)] += v
    return out


def _put_window(a: Any, v: Any, *bounds: int) -> Any:
    out = a.copy()
    out[_slices(bounds[0::2], bounds[1::2], v.shape)] = v
    return out


def _recur(c: Any, j: Any, order: str) -> Any:
    out = numpy().moveaxis(c.copy(), int(order[:-1]), 0)
    links = numpy().moveaxis(numpy().broadcast_to(j, c.shape), int(order[:-1]), 0)
    for i in range(1, len(out)):
        if order[-1] == "+":
            out[i] += links[i] * out[i - 1]
        else:
            out[-1 - i] += links[-i] * out[-i]
    return numpy().moveaxis(out, 0, int(order[:-1]))


def _permuted(a: Type, order: Type) -> Type:
    assert isinstance(a, Array) and isinstance(order, Str)
    same = a.packed and order.value == "".join(sorted(order.value))
    return Array(a.element, "".join(a.dims[int(d)] for d in order.value), same)


def _product(a: Type, b: Type) -> Type:
    assert isinstance(a, Array) and isinstance(b, Array)
    return Array(a.element, a.dims[:-1] + b.dims[-1])


size = primitive(
    "size",
    doc="size(a, d): the size of an array along a dimension; d is a constant.",
    result=INT,
    evaluate=lambda a, d: a.shape[d],
    fold=size_of,
)
element = primitive(
    "element",
    doc="element(a, i...): one element; the indices are in range.",
    result=_element,
    evaluate=lambda a, *index: a[index].item(),
    guarded=True,
    fold=element_of,
)
zeros = primitive(
    "zeros",
    doc="zeros(sizes...): a new array of zeros, of its dimensions that are not 1 these.",
    result=_stated,
    buffers="new",
)
unset = primitive(
    "unset",
    doc="unset(sizes..., k): a new array, which the first k windows that are put make up; nothing reads it before.",
    result=_stated,
    buffers="new",
)
filled = primitive(
    "filled",
    doc="filled(v, sizes...): a new array of v, of its dimensions that are not 1 these.",
    result=_stated,
    buffers="new",
)
iota = primitive(
    "iota",
    doc="iota(n): the ints from 0 below n.",
    result=Array(NP_I64, "?"),
    evaluate=lambda n: numpy().arange(n),
    buffers="new",
)
window = primitive(
    "window",
    doc="window(a, start, step, size, ...): part of each dimension, in range. No copy.",
    result=_stated,
    evaluate=lambda a, *bounds: a[_slices(bounds[0::3], bounds[1::3], bounds[2::3])],
    buffers="shares",
)
add_window = primitive(
    "add_window",
    doc="add_window(a, v, start, step, ...): a with v added to a window of it.",
    result=_same,
    evaluate=_add_window,
    buffers="changes",
    guarded=True,
)
put_window = primitive(
    "put_window",
    doc="put_window(a, v, start, step, ...): a with v in place of a window of it.",
    result=_same,
    evaluate=_put_window,
    buffers="changes",
    guarded=True,
)
reshape = primitive(
    "reshape",
    doc="reshape(a, sizes...): a packed array with other dimensions, of those that are not 1 these. No copy.",
    result=_stated,
    buffers="shares",
)
permute = primitive(
    "permute",
    doc="permute(a, '102'): the dimensions in another order. No copy.",
    result=_permuted,
    evaluate=lambda a, order: a.transpose([int(d) for d in order]),
    fold=one_order,
    buffers="shares",
)
matmul = primitive(
    "matmul",
    doc="matmul(a, b): the products of matrices, in the last two dimensions; the others are the same in both.",
    result=_product,
    evaluate=lambda a, b: a @ b,
    buffers="new",
)
recur = primitive(
    "recur",
    doc="recur(c, j, '0+'): linear recurrence along a dimension: y[i] = c[i] + j[i] * y[i - 1]. '0-' is its transpose:"
    " y[i] = c[i] + j[i + 1] * y[i + 1]. Where it begins y is c. j is an array as c is, or the constant 1.",
    result=_same,
    evaluate=_recur,
    buffers="new",
)
add_arrays = primitive(
    "add_arrays",
    doc="a + b, of one shape and packed.",
    result=_same,
    evaluate=lambda a, b: a + b,
    fold=without_zeros,
    buffers="changes",
)
accumulate = primitive(
    "accumulate",
    doc="accumulate(a, v, i...): a with the float v added to one element.",
    result=_same,
    evaluate=_accumulate,
    buffers="changes",
    guarded=True,
)
nest = primitive(
    "nest",
    doc="nest(@f, 'outputs', a...): f of the elements of arrays, broadcast. Each result of f is an output: `each`, an"
    " array, or `sum:101`, `max:101`, `min:101` over the dimensions with a 1.",
    result=_stated,
    buffers="new",
)
put_nest = primitive(
    "put_nest",
    doc="put_nest(a, @f, start, step, ..., b...): put_window(a, nest(@f, 'each', b...), start, step, ...), where the"
    " nest writes to the window itself.",
    result=_stated,
    buffers="changes",
    guarded=True,
)
with_axes = primitive(
    "with_axes",
    doc="with_axes(a): a packed array with other dimensions of size 1 between, as its type says.",
    result=_stated,
    lower="same",
    buffers="shares",
)
sum_to = primitive(
    "sum_to",
    doc="sum_to(a, sizes...): a summed over the dimensions whose size shall be 1 and is not.",
    result=_same,
    fold=nothing_to_sum,
    buffers="new",
)
put = primitive(
    "put",
    doc="put(a, v, i...): a with v as one element.",
    result=_same,
    evaluate=_put,
    buffers="changes",
    guarded=True,
)
