"""Stacks in emitted code: frames of one size, packed, one after another at the free end of the arena (see `stacks`).

    base                         top
    | frame | frame | ... | frame |  free        empty: top == base

The loop that pushes keeps where the arena is free in a register, as the top of its stack, and writes it to the context
when it is left; or at each push, where something else in the loop allocates and releases. Padding and links are not
stored: below the frame that ends at `top` is the stack with one frame less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.backend import memory
from tapeless.backend.emit import ARENA_ACCESS, Values
from tapeless.backend.layout import Memory, packed
from tapeless.ir.abstract import Box
from tapeless.ir.nodes import Apply

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter
    from tapeless.backend.stacks import Push

ACCESS = ", align 1" + ARENA_ACCESS


def empty(e: FunctionEmitter) -> Values:
    """The stack that a loop starts with: it begins where the arena is free."""
    free = memory.mark(e)
    return (free, free)


def push(e: FunctionEmitter, node: Apply, push: Push) -> Values:
    """A stack with one frame more."""
    stack = e.program.type(node)
    assert isinstance(stack, Box)
    start, end = e.layouts.frame(stack)
    values, leaves = e.fitted(node.args[0], e.body_type(node)), e.layouts.body(stack)
    values, leaves = (*values[:start], *values[end:]), (*leaves[:start], *leaves[end:])
    frame = packed(leaves)
    top, base = e.value(push.loop.params[push.place])
    after = e.at(top, frame.size)

    def save() -> None:
        if not push.shared:
            _write_back(e, top, frame)

    memory.make_room(e, after, frame.size, node, save)
    e.store_all(leaves, values, top, frame.offsets, ACCESS)
    if push.shared:
        _write_back(e, after, frame)
    return (after, base)


def leave(e: FunctionEmitter, push: Push) -> None:
    """The loop that pushes ends."""
    stack = push.box.type
    assert isinstance(stack, Box)
    if not push.shared:
        _write_back(e, e.value(push.loop.params[push.place])[0], _frame(e, stack))


def pop(e: FunctionEmitter, stack: Box, values: Values) -> Values:
    """The leaves of the last frame, its link being the stack without it; zeros and the same stack where it is empty."""
    top, base = values
    frame = _frame(e, stack)
    none = e.op(f"icmp eq ptr {top}, {base}")
    last = e.at(top, -frame.size)
    below = e.op(f"select i1 {none}, ptr {top}, ptr {last}")
    e.program.largest_box = max(e.program.largest_box, frame.size)
    start, end = e.layouts.frame(stack)
    leaves = e.layouts.body(stack)
    source = e.op(f"select i1 {none}, ptr @tl_dummy, ptr {last}")
    found = e.load_all((*leaves[:start], *leaves[end:]), source, frame.offsets, ACCESS)
    return (*found[:start], below, base, *found[start:])


def _frame(e: FunctionEmitter, stack: Box) -> Memory:
    start, end = e.layouts.frame(stack)
    leaves = e.layouts.body(stack)
    return packed((*leaves[:start], *leaves[end:]))


def _write_back(e: FunctionEmitter, top: str, frame: Memory) -> None:
    """The arena is free from the top of a stack on; what comes next is aligned."""
    if frame.size % 8:
        top = e.op(f"call ptr @llvm.ptrmask.p0.i64(ptr {e.at(top, 7)}, i64 -8)")
    memory.release(e, top)
