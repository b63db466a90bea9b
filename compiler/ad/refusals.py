"""What has no derivative yet, and is refused with what can be done instead."""

from __future__ import annotations

from collections.abc import Iterable

from tapeless.ad.activity import differentiable
from tapeless.ir.abstract import Array, Cell
from tapeless.ir.diagnostics import DifferentiationError, Span
from tapeless.ir.lists import List
from tapeless.ir.nodes import Apply, Constant, Node
from tapeless.ir.primitive import Primitive


def refuse_location(node: Apply) -> None:
    """A location that is still one has aliases that are not known: what is stored in it has no derivative."""
    fn = node.fn
    if isinstance(fn, Constant) and isinstance(fn.value, Primitive) and fn.value.name in ("load", "store"):
        where = node.args[0].type
        if isinstance(where, Cell) and differentiable(where.content):
            if isinstance(where.content, (Array, List)):
                raise DifferentiationError(
                    "this is written to, or read after a write, under a name that may mean more than one array, "
                    "which has no derivative yet",
                    node.span,
                    hint="let each name mean one: write to a copy, u = u.copy()",
                )
            raise DifferentiationError(
                "a captured variable that is assigned after capture is read or written through a function value here, "
                "which has no derivative yet",
                node.span,
                hint="pass the value as an argument and return the new one",
            )


def refuse_arrays(active: Iterable[Node], span: Span | None) -> None:
    """Series of arrays are not made yet."""
    if any(isinstance(node.type, Array) for node in active):
        raise DifferentiationError(
            "Taylor series do not go through arrays yet", span, hint="gradients of gradients do: tl.grad(tl.grad(f))"
        )


def refuse_by_array(wanted: Iterable[Node], span: Span | None) -> None:
    """Forward mode takes a pass for each number."""
    if any(isinstance(node.type, Array) for node in wanted):
        raise DifferentiationError(
            "forward mode is by numbers: by an array it would take a pass for each element",
            span,
            hint='mode="reverse" takes one, and tl.jvp is the derivative along a direction',
        )
