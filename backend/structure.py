"""The structural primitives, one emitter function each: how values are taken apart, put together, tested, printed.

Each takes the emitter of the function and the application, and gives the leaves of its value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapeless.backend import convert, frames, memory
from tapeless.backend.emit import LIKELY, Values
from tapeless.backend.layout import memory as record_layout
from tapeless.backend.program import Printed
from tapeless.ir.abstract import Box, Record, Tuple
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.nodes import Apply, Constant, Node
from tapeless.ir.primitive import Primitive

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter


def known(node: Node) -> object:
    """The value of an argument that is a constant by the definition of the primitive."""
    if not isinstance(node, Constant):
        raise InternalError(f"backend: {node!r} must be a constant", node.span)
    return node.value


def make_tuple(e: FunctionEmitter, node: Apply) -> Values:
    """The items of a tuple or record, one after another."""
    t = e.program.type(node)
    assert isinstance(t, (Tuple, Record)), f"{node!r} makes {t}"
    out: list[str] = []
    for arg, item_type in zip(node.args, t.items, strict=True):
        out += e.fitted(arg, item_type)
    return tuple(out)


def item(e: FunctionEmitter, node: Apply) -> Values:
    """The leaves of one item."""
    whole, index = node.args[0], known(node.args[1])
    t = e.program.type(whole)
    assert isinstance(t, (Tuple, Record)) and isinstance(index, int), f"{node!r} of {t}"
    start, end = e.layouts.item(t, index)
    values = e.value(whole)[start:end]
    return e.fit(values, t.items[index], e.type(node))


def inject(e: FunctionEmitter, node: Apply) -> Values:
    """A part as a union."""
    return e.fitted(node.args[0], e.type(node))


def project(e: FunctionEmitter, node: Apply) -> Values:
    """A part of a union."""
    return convert.project(e, e.layouts, e.value(node.args[0]), e.type(node.args[0]), e.type(node))


def has_head(e: FunctionEmitter, node: Apply) -> Values:
    """Which part a union holds."""
    key = known(node.args[1])
    assert isinstance(key, str)
    return (convert.has_head(e, e.value(node.args[0]), e.type(node.args[0]), key),)


def select(e: FunctionEmitter, node: Apply) -> Values:
    """One of two values, both of them there."""
    t = e.type(node)
    (condition,) = e.value(node.args[0])
    a, b = e.fitted(node.args[1], t), e.fitted(node.args[2], t)
    return convert.choose(e, e.layouts.leaves(t), condition, a, b)


def check(e: FunctionEmitter, node: Apply) -> Values:
    """Leave the kernel with an exception unless a condition holds."""
    ok, exception, message, *values = node.args
    if isinstance(ok, Constant) and ok.value is True:
        return ()
    code = e.program.site(str(known(exception)), str(known(message)), node.span, len(values))
    details = [e.value(v)[0] for v in values]
    if isinstance(ok, Constant) and ok.value is False:
        e.raise_(code, details)
        return ()
    go_on = e.label("ok")
    e.branch(e.value(ok)[0], go_on, e.failure(code, details), LIKELY)
    e.start(go_on)
    return ()


def print_(e: FunctionEmitter, node: Apply) -> Values:
    """Append to the buffer of the context: the index of this print, then the values."""
    sep, end = (known(a) for a in node.args[:2])
    assert isinstance(sep, str | None) and isinstance(end, str | None)
    types = tuple(e.type(a) for a in node.args[2:])
    leaves = e.layouts.leaves(Tuple(types))
    index = e.program.printed(Printed(sep, end, types))
    size = 8 + record_layout(leaves).size
    (place,) = e.call(e.program.symbol("tl_print"), ("ptr",), [("ptr", "%ctx"), ("i64", str(size))])
    e.store("i64", str(index), place)
    values = tuple(v for a in node.args[2:] for v in e.value(a))
    e.store_all(leaves, values, e.at(place, 8))
    return ()


def box(e: FunctionEmitter, node: Apply) -> Values:
    """A record in the arena, or on its stack."""
    push = e.program.stacks.pushes.get(node)
    return memory.box(e, node) if push is None else frames.push(e, node, push)


def unbox(e: FunctionEmitter, node: Apply) -> Values:
    """A record from the arena, or from the top of its stack."""
    t = e.program.type(node.args[0])
    if isinstance(t, Box) and t in e.layouts.links:
        return frames.pop(e, t, e.value(node.args[0]))
    return memory.unbox(e, node)


def never(e: FunctionEmitter, node: Apply) -> Values:
    """No value: what comes before has not returned."""
    return ()


STRUCTURE: dict[str, Callable[[FunctionEmitter, Apply], Values]] = {
    "tuple": make_tuple,
    "record": make_tuple,
    "item": item,
    "inject": inject,
    "project": project,
    "has_head": has_head,
    "select": select,
    "check": check,
    "print": print_,
    "never": never,
    "box": box,
    "unbox": unbox,
    "cell": memory.cell,
    "load": memory.load,
    "store": memory.store,
}


def emitter(prim: Primitive) -> Callable[[FunctionEmitter, Apply], Values] | None:
    """What emits a primitive; None where its record says how. Those of arrays are loaded when there are some."""
    if prim.lower or prim.name in STRUCTURE:
        return STRUCTURE.get(prim.name)
    from tapeless.backend.arrays import ARRAYS
    from tapeless.backend.indices import INDICES
    from tapeless.backend.linear import LINEAR

    return ARRAYS.get(prim.name) or INDICES.get(prim.name) or LINEAR.get(prim.name)
