"""How much memory a call takes: what the runtime counts on this thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.backend.runtime import ARENA_KEPT, thread_context
from tapeless.ir.dataclass import dataclass


@dataclass(frozen=True)
class Memory:
    """The most bytes that a call had in use.

    arrays    elements of arrays that it made, results among them, each with 64 bytes for its head and rounded up to
              the next size that buffers have (four to a power of two)
    frames    what the backward pass reads of the forward pass, and other values that are not in registers
    stack     of the machine, by functions that call themselves: what they keep for the way back is there
    """

    arrays: int
    frames: int
    stack: int

    @property
    def total(self) -> int:
        """All three, as if they were at their most together."""
        return self.arrays + self.frames + self.stack


def measured(call: Callable[[], Any]) -> Memory:
    """The memory of a call that runs compiled code on this thread."""
    context = thread_context()
    held, start = context["held"].value, context["arena_free"].value
    context["held_most"].value, context["arena_most"].value, context["arena_end"].value = held, start, start
    context["stack_low"].value, context["measures"].value = -1, 1
    try:
        call()
    finally:
        context["measures"].value = 0
        base = context["arena_base"].value
        context["arena_end"].value = max(start, min(base + ARENA_KEPT, context["arena_limit"].value)) if base else 0
    frames = context["arena_most"].value - (start or base)
    low, top = context["stack_low"].value, context["stack_top"].value
    return Memory(context["held_most"].value - held, max(frames, 0), top - low if low != -1 else 0)
