"""Primitives on arrays of indices: what is added or put at them, where a mask holds, orders, searches.

Elements are taken at indices by no primitive of their own: the map of a nest may capture an array and apply `element`.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import INT, NP_I64, Array, Type
from tapeless.ir.primitive import primitive
from tapeless.ir.primitives.arrays import numpy


def _same(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return Array(a.element, a.dims)


def _places(a: Type, *_: Type) -> Type:
    assert isinstance(a, Array)
    return Array(NP_I64, a.dims)


def _add_at(a: Any, v: Any, *index: Any) -> Any:
    out = a.copy()
    numpy().add.at(out, tuple(numpy().broadcast_to(i, v.shape) for i in index), v)
    return out


def _put_at(a: Any, v: Any, how: str, *index: Any) -> Any:
    out = a.copy()
    every = [numpy().broadcast_to(i, v.shape) for i in index]
    for k in numpy().ndindex(v.shape):  # in this order: the last one stays
        out[tuple(i[k] for i in every)] = v[k]
    return out


add_at = primitive(
    "add_at",
    doc="add_at(a, v, i...): a with each element of v added to the element of a at an index: one index for each"
    " dimension of a, an int or an array of them that is broadcast to v. An index that comes twice counts twice.",
    result=_same,
    evaluate=_add_at,
    buffers="changes",
    guarded=True,
)
put_at = primitive(
    "put_at",
    doc="put_at(a, v, how, i...): a with the elements of v in place of those at indices, as `add_at` has them. Of what"
    " goes to one place the last one stays; where `how` is 'distinct', no index comes twice.",
    result=_same,
    evaluate=_put_at,
    buffers="changes",
    guarded=True,
)
positions = primitive(
    "positions",
    doc="positions(m): where the elements of an array of bools hold, counted in C order.",
    result=Array(NP_I64, "?"),
    evaluate=lambda m: numpy().flatnonzero(m),
    buffers="new",
)
argsort = primitive(
    "argsort",
    doc="argsort(a): for each row along the last dimension, the indices that sort it: nan last, ties in their order.",
    result=_places,
    evaluate=lambda a: numpy().argsort(a, axis=-1, kind="stable"),
    buffers="new",
)
bisect = primitive(
    "bisect",
    doc="bisect(a, v, 'left'): how many elements of a sorted vector come before v; 'right': and those equal to it.",
    result=INT,
    evaluate=lambda a, v, side: int(numpy().searchsorted(a, v, side)),
)
