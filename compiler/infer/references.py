"""References to arrays and lists that are changed in place: one under several names is one location.

A reference is a record of the location, which holds the whole array, and of the steps from the whole to the part that
is meant: views, each with the numbers that it was made with. To read is to load and take the steps; to write is to take
them, to put the new part in place, back to the whole, and to store that.

    tag     ref[f64[?,?]; window f64[1,?] - 6; with_axes f64[?] - 0], ref[list]
    items   the location, then what each step needs: start, step, size of each dimension; sizes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapeless.ir.abstract import Array, array_type, join
from tapeless.ir.dataclass import dataclass

MANY = 6
"""Steps that a reference has at most: a loop that takes a view of a view each time must end in inference."""
STEPS = ("window", "permute", "with_axes", "reshape")


@dataclass(frozen=True)
class Step:
    """One view: the primitive, the type that it gives, the order of a `permute`, and how many numbers it takes."""

    name: str
    type: Array
    order: str = ""
    numbers: int = 0


LIST = "ref[list]"
"""The tag of a reference to a list, which has no parts that are references."""


def is_reference(tag: str) -> bool:
    """Whether the tag of a record is that of a reference."""
    return tag.startswith("ref[")


def reference_tag(whole: Array, steps: Sequence[Step] = ()) -> str:
    """The tag of a reference to part of an array."""
    words = [str(whole)] + [" ".join((s.name, str(s.type), s.order or "-", str(s.numbers))) for s in steps]
    return f"ref[{'; '.join(words)}]"


def parsed(tag: str) -> tuple[Array, list[Step]]:
    """The type of the whole, and the steps."""
    whole, *rest = tag[4:-1].split("; ")
    steps = []
    for text in rest:
        name, type, order, count = text.split(" ")
        steps.append(Step(name, array_type(type), order.strip("-"), int(count)))
    return array_type(whole), steps


def refers_to(tag: str, type: Any) -> bool:
    """Whether a reference may be to the whole of an array of this type."""
    if tag == LIST or not is_reference(tag) or not isinstance(type, Array):
        return tag == LIST and not isinstance(type, Array)
    return join(whole := parsed(tag)[0], Array(type.element, type.dims.replace("n", "?"))) == whole


def referred(tag: str) -> Array:
    """The type of what a reference means."""
    whole, steps = parsed(tag)
    return steps[-1].type if steps else whole


def further(
    tag: str,
    items: Sequence[Any],
    name: str,
    type: Array,
    args: Sequence[Any],
    order: str,
    arithmetic: Callable[..., Any],
) -> Any:
    """The tag and items of a view of what a reference means; `arithmetic(name, a, b)` computes with numbers.

    Two steps of one kind are one: `x = x[1:]` and `x = x.T` in a loop lead to references of one type.
    """
    whole, steps = parsed(tag)
    given = [] if name == "permute" else list(args)
    last = steps[-1] if steps else None
    if last is None or last.name != name:
        return reference_tag(whole, [*steps, Step(name, type, order, len(given))]), [*items, *given]
    count = len(items) - last.numbers
    items, old = items[:count], items[count:]
    if name == "permute":
        order = "".join(last.order[int(d)] for d in order)
    elif name == "window":
        for k in range(0, len(given), 3):
            start, step = old[k], old[k + 1]
            given[k] = arithmetic("iadd", start, arithmetic("imul", step, given[k]))
            given[k + 1] = arithmetic("imul", step, given[k + 1])
    return reference_tag(whole, [*steps[:-1], Step(name, type, order, len(given))]), [*items, *given]


def read(load: Callable[[], Any], view: Callable[..., Any], tag: str, items: Sequence[Any]) -> list[Any]:
    """The whole, and what each step leads to; the last is what is meant. `view(step, array, numbers)` takes a step."""
    _, steps = parsed(tag)
    out, rest = [load()], list(items[1:])
    for step in steps:
        numbers, rest = rest[: step.numbers], rest[step.numbers :]
        out.append(view(step, out[-1], numbers))
    return out
