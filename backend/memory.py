"""Arena memory in emitted code: boxes, cells, marks.

The context holds where the arena is free and where what is mapped ends; an allocation is a bump and a compare, and a
call in the cold case. Context and arena never overlap, and the code says so to LLVM.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapeless.backend.emit import ARENA_ACCESS, CONTEXT_ACCESS, UNLIKELY, Values
from tapeless.backend.layout import memory
from tapeless.backend.runtime import CONTEXT
from tapeless.ir.builder import is_primitive
from tapeless.ir.nodes import Apply

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter

FREE, END = CONTEXT["arena_free"], CONTEXT["arena_end"]
FULL = "out of memory for intermediate values (TAPELESS_ARENA sets how much there is)"


def allocate(e: FunctionEmitter, size: int, node: Apply) -> str:
    """A pointer to new memory of `size` bytes, a multiple of 8."""
    start = e.load("ptr", "%ctx", FREE, CONTEXT_ACCESS)
    after = e.at(start, size)
    make_room(e, after, size, node)
    e.store("ptr", after, "%ctx", FREE, CONTEXT_ACCESS)
    return start


def make_room(e: FunctionEmitter, after: str, size: int, node: Apply, save: Callable[[], None] | None = None) -> None:
    """Map in what lies below `after`, `size` bytes above where the arena is free; `save` writes where that is."""
    end = e.load("ptr", "%ctx", END, CONTEXT_ACCESS)
    full = e.op(f"icmp ugt ptr {after}, {end}")
    slow, go_on = e.label("grow"), e.label("allocated")
    e.branch(full, slow, go_on, UNLIKELY)
    code = e.program.site("MemoryError", FULL, node.span)
    with e.aside(slow):
        if save is not None:
            save()
        e.do(f"call preserve_allcc void {e.program.symbol('tl_grow')}(ptr %ctx, i64 {size}, i32 {code})")
        e.jump(go_on)
    e.start(go_on)


def mark(e: FunctionEmitter) -> str:
    """What is free from here on."""
    return e.load("ptr", "%ctx", FREE, CONTEXT_ACCESS)


def release(e: FunctionEmitter, to: str) -> None:
    """Free what was allocated since a mark."""
    e.store("ptr", to, "%ctx", FREE, CONTEXT_ACCESS)


def box(e: FunctionEmitter, node: Apply) -> Values:
    """A new copy of a tuple or record."""
    leaves = e.layouts.body(e.program.type(node))
    values = e.fitted(node.args[0], e.body_type(node))
    pointer = allocate(e, memory(leaves).size, node)
    e.store_all(leaves, values, pointer, access=ARENA_ACCESS)
    return (pointer,)


def unbox(e: FunctionEmitter, node: Apply) -> Values:
    """What a box points to; zeros for a null pointer, which a projection to the wrong part gives."""
    operand = node.args[0]
    (pointer,) = e.value(operand)
    leaves = e.layouts.body(e.program.type(operand))
    if not is_primitive(operand, "box"):
        e.program.largest_box = max(e.program.largest_box, memory(leaves).size)
        null = e.op(f"icmp eq ptr {pointer}, null")
        pointer = e.op(f"select i1 {null}, ptr @tl_dummy, ptr {pointer}")
    return e.load_all(leaves, pointer, access=ARENA_ACCESS)


def cell(e: FunctionEmitter, node: Apply) -> Values:
    """A new location; in the frame, where only loads and stores know it."""
    leaves = e.layouts.body(e.program.type(node))
    values = e.fitted(node.args[0], e.body_type(node))
    size = memory(leaves).size
    pointer = allocate(e, size, node) if node in e.program.escaping else e.alloca(size)
    e.store_all(leaves, values, pointer, access=ARENA_ACCESS)
    return (pointer,)


def load(e: FunctionEmitter, node: Apply) -> Values:
    """What a location holds."""
    (pointer,) = e.value(node.args[0])
    values = e.load_all(e.layouts.body(e.program.type(node.args[0])), pointer, access=ARENA_ACCESS)
    return e.fit(values, e.body_type(node.args[0]), e.program.type(node))


def store(e: FunctionEmitter, node: Apply) -> Values:
    """A location holds a new value."""
    (pointer,) = e.value(node.args[0])
    leaves = e.layouts.body(e.program.type(node.args[0]))
    e.store_all(leaves, e.fitted(node.args[1], e.body_type(node.args[0])), pointer, access=ARENA_ACCESS)
    return ()
