"""Unpacking: what an assignment to several targets asks of its value."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.iteration import iterate
from tapeless.ir.primitive import OPERATORS, Ops, operator


def _check(value: Any, count: int) -> None:
    have = len(value)
    if have < count:
        raise ValueError(f"not enough values to unpack (expected {count}, got {have})")
    if have > count:
        raise ValueError(f"too many values to unpack (expected {count})")


@operator("check_length", _check)
def check_length(ops: Ops, value: Any, count: Any) -> Any:
    """check_length(iterable, n): ValueError, in Python's words, unless there are just n items."""
    iterable = iterate(ops, value)
    length = OPERATORS["iter_len"].expand(ops, iterable)
    n = ops.constant(count)
    short, long = ops.apply("ilt", length, count), ops.apply("ilt", count, length)
    have = ops.constant(length)
    got = f", got {have}" if isinstance(have, int) else ""
    ops.check(ops.apply("not_", short), "ValueError", f"not enough values to unpack (expected {n}{got})")
    ops.check(ops.apply("not_", long), "ValueError", f"too many values to unpack (expected {n})")
    return ops.lift(None)
