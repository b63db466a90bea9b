"""Primitives on arrays: values of which nothing changes. All are total; what can fail is checked before."""

from __future__ import annotations

from typing import Any

import numpy as np
from tapeless.ir.abstract import INT, Array, Type
from tapeless.ir.primitive import primitive


def _element(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return a.element


def _stated(*_: Type) -> Any:
    """The node states its type."""
    return None


def _same(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return Array(a.element, a.dims)


def _zeros(*sizes: int) -> Any:
    return np.zeros(sizes)


def _accumulate(a: Any, v: float, *index: int) -> Any:
    out = a.copy()
    out[index] += v
    return out


def _put(a: Any, v: Any, *index: int) -> Any:
    out = a.copy()
    out[index] = v
    return out


size = primitive(
    "size",
    doc="size(a, d): the size of an array along a dimension; d is a constant.",
    result=INT,
    evaluate=lambda a, d: a.shape[d],
)
element = primitive(
    "element",
    doc="element(a, i...): one element; the indices are in range.",
    result=_element,
    evaluate=lambda a, *index: a[index].item(),
)
zeros = primitive(
    "zeros", doc="zeros(sizes...): a new array of zeros, of its n dimensions these.", result=_stated, evaluate=_zeros
)
filled = primitive(
    "filled",
    doc="filled(v, sizes...): a new array of v, of its n dimensions these.",
    result=_stated,
)
add_arrays = primitive("add_arrays", doc="a + b, of one shape and packed.", result=_same, evaluate=lambda a, b: a + b)
accumulate = primitive(
    "accumulate",
    doc="accumulate(a, v, i...): a with the float v added to one element.",
    result=_same,
    evaluate=_accumulate,
)
nest = primitive(
    "nest",
    doc="nest(@f, 'outputs', a...): f of the elements of arrays, broadcast. Each result of f is an output: `each`, an"
    " array, or `sum:101`, summed over the dimensions with a 1.",
    result=_stated,
)
with_axes = primitive(
    "with_axes",
    doc="with_axes(a): a packed array with other dimensions of size 1 between, as its type says.",
    result=_stated,
    lower="same",
)
sum_to = primitive(
    "sum_to", doc="sum_to(a, sizes...): a summed over the dimensions whose size shall be 1 and is not.", result=_same
)
put = primitive("put", doc="put(a, v, i...): a with v as one element.", result=_same, evaluate=_put)
