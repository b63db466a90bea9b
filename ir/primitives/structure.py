"""Primitives that move data and control: tuples, records, unions, boxes, choices, cells, checks, derivatives.

An application of one whose type does not follow from its inputs (`record`, `inject`, `project`, `box`, ...) states it
as the type of the node; their `result` here is None.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import BOOL, NEVER, NONE, Box, Cell, Tuple, Type
from tapeless.ir.primitive import primitive


def _stated(*_: Type) -> Any:
    """The node states its type."""
    return None


def _item(t: Type, _index: Type) -> Any:
    return None


def _unbox(t: Type) -> Type:
    assert isinstance(t, Box) and t.body is not None
    return t.body


def _load(t: Type) -> Type:
    assert isinstance(t, Cell)
    return t.content


make_tuple = primitive(
    "tuple",
    doc="The tuple of its inputs.",
    result=lambda *ts: Tuple(ts),
    evaluate=lambda *xs: xs,
    buffers="keeps",
)
item = primitive(
    "item",
    doc="item(t, k): the k-th item of a tuple or record; k is a constant.",
    result=_stated,
    buffers="shares",
)
record = primitive(
    "record",
    doc="A record: the environment of a closure, or an object of the library.",
    result=_stated,
    buffers="keeps",
)
box = primitive(
    "box",
    doc="A pointer to a new copy of a tuple or record.",
    result=_stated,
    buffers="keeps",
    once=True,
)
unbox = primitive(
    "unbox",
    doc="The tuple or record that a box points to. Total: a dummy of zeros for a null pointer.",
    result=_unbox,
    buffers="shares",
)
inject = primitive(
    "inject",
    doc="A value as a part of a union, or a union as a larger one.",
    result=_stated,
    buffers="keeps",
)
project = primitive(
    "project",
    doc="A part of a union (or a smaller union). Total: anything, where the union holds another part.",
    result=_stated,
    buffers="shares",
)
has_head = primitive(
    "has_head", doc="has_head(u, 'head'): whether the union u holds the part with that head.", result=BOOL
)

switch = primitive(
    "switch",
    doc="switch(c, @then, @else): run one of two branches; its value.",
    result=_stated,
    once=True,
)
select = primitive(
    "select",
    doc="select(c, a, b): a if c else b, both being computed anyway.",
    result=lambda c, a, b: a,
    buffers="shares",
)
DETAILS = 16
"""How many ints a message has room for."""
check = primitive(
    "check",
    doc="check(ok, 'Exception', 'message', n...): raise unless ok. The ints n go into the message, where it has {}.",
    result=NONE,
    effect=True,
)
print_ = primitive("print", doc="print('sep', 'end', values...): as Python's print.", result=NONE, effect=True)

cell = primitive(
    "cell",
    doc="cell(v): a new location that holds v.",
    result=_stated,
    effect=True,
    buffers="keeps",
)
load = primitive(
    "load",
    doc="load(c): what the location holds now.",
    result=_load,
    effect=True,
    buffers="shares",
)
store = primitive(
    "store",
    doc="store(c, v): the location holds v from now on.",
    result=NONE,
    effect=True,
    buffers="keeps",
)

vjp = primitive(
    "vjp",
    doc="vjp(@f, 'mask', args...): (f(args...), pullback). The mask has a 1 for each argument to differentiate by.",
    result=_stated,
)
pull = primitive(
    "pull", doc="pull(@f, 'mask', pullback, ct): the tuple of the cotangents of the marked arguments.", result=_stated
)
jvp = primitive(
    "jvp",
    doc="jvp(@f, 'mask', args..., tangents...): (f(args...), tangent); one tangent per marked argument.",
    result=_stated,
)
gradient = primitive(
    "gradient",
    doc="gradient(@f, 'mask', args..., 'mode'): (f(args...), cotangents...) of a function with a float result.",
    result=_stated,
)
taylor = primitive(
    "taylor",
    doc="taylor(@f, 'mask', args..., coefficients...): (f(args...), coefficients...) along a curve. For each marked"
    " argument its Taylor coefficients (derivatives by t over k!) of order 1, ..., n, the order that the type says.",
    result=_stated,
)
MODES = ("auto", "reverse", "forward")
"""How a gradient is taken; `auto` leaves it to the compiler."""

DERIVATIVES = frozenset({"vjp", "pull", "jvp", "gradient", "taylor"})
"""The primitives that AD expands; each names the graph and the mask first."""

never = primitive(
    "never",
    doc="No value: stands after an effect that does not return.",
    result=NEVER,
    once=True,
)
