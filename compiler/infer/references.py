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
from tapeless.ir.primitive import Ops

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


@dataclass(frozen=True)
class View:
    """A step, with the numbers that it is taken with."""

    step: Step
    numbers: tuple[Any, ...] = ()


def further(
    ops: Ops, tag: str, items: Sequence[Any], name: str, type: Array, args: Sequence[Any], order: str
) -> tuple[str, list[Any]]:
    """The tag and items of a view of what a reference means.

    Between two `reshape`s there is a `window` at most, then a `permute`, then a `with_axes`: views of views have one
    type however many there are, as in a loop with `x = x[1:]`, `x = x.T` or `x = x[:, None][:, 0]`.
    """
    whole, steps = parsed(tag)
    views, rest = [], list(items[1:])
    for step in steps:
        views.append(View(step, tuple(rest[: step.numbers])))
        del rest[: step.numbers]
    numbers = () if name == "permute" else tuple(args)
    _take(ops, whole, views, View(Step(name, type, order, len(numbers)), numbers))
    return reference_tag(whole, [v.step for v in views]), [items[0], *(n for v in views for n in v.numbers)]


def _take(ops: Ops, whole: Array, views: list[View], new: View) -> None:
    """Add a view to a list of views in normal form, which it stays in."""
    source = views[-1].step.type if views else whole
    last = views[-1].step.name if views else ""
    if last == new.step.name:
        _take(ops, whole, views, _merged(ops, views.pop(), new))
        return
    if new.step.name == "with_axes":
        if new.step.type.dims == source.dims:
            return
        new = View(Step("with_axes", Array(source.element, new.step.type.dims, source.packed)))
    if new.step.name == "permute" and new.step.order == "".join(map(str, range(source.rank))):
        return
    swapped = _swapped(ops, views[-2].step.type if len(views) > 1 else whole, views[-1], new) if views else None
    if swapped is None:
        views.append(new)
        return
    views.pop()
    for view in swapped:
        _take(ops, whole, views, view)


def _swapped(ops: Ops, source: Array, last: View, new: View) -> list[View] | None:
    """Two views of an array in the other order, where that is the normal one."""
    match last.step.name, new.step.name:
        case "permute", "window":
            return _before_permute(source, last, new)
        case "with_axes", ("window" | "permute"):
            return _before_axes(ops, source, last, new)
    return None


def _merged(ops: Ops, a: View, b: View) -> View:
    """Two views of one kind as one."""
    match a.step.name:
        case "permute":
            order = "".join(a.step.order[int(d)] for d in b.step.order)
            return View(Step("permute", b.step.type, order))
        case "window":
            numbers = list(b.numbers)
            for k in range(0, len(numbers), 3):
                start, step = a.numbers[k], a.numbers[k + 1]
                numbers[k] = ops.apply("iadd", start, ops.apply("imul", step, numbers[k]))
                numbers[k + 1] = ops.apply("imul", step, numbers[k + 1])
            return View(b.step, tuple(numbers))
    return b


def _before_permute(source: Array, permute: View, window: View) -> list[View]:
    """A window of a permuted array: the permuted window."""
    order, dims, numbers = permute.step.order, [""] * source.rank, [()] * source.rank
    for k, d in enumerate(map(int, order)):
        dims[d] = window.step.type.dims[k]
        numbers[d] = window.numbers[3 * k : 3 * k + 3]
    inner = _window(Array(source.element, "".join(dims), False), numbers)
    return [inner, View(Step("permute", window.step.type, order))]


def _before_axes(ops: Ops, source: Array, axes: View, new: View) -> list[View] | None:
    """A window or a permutation of an array with other axes of size 1: the same of the array, with other axes.

    None where a window leaves nothing of an axis of size 1.
    """
    t, own = axes.step.type, new.step.type
    free = [d for d, n in enumerate(t.dims) if n != "1"]
    outer = View(Step("with_axes", own))
    if new.step.name == "permute":
        inner = [d for d, n in enumerate(source.dims) if n != "1"]
        moved = iter([inner[free.index(d)] for d in map(int, new.step.order) if t.dims[d] != "1"])
        order = [d if n == "1" else next(moved) for d, n in enumerate(source.dims)]
        type = Array(source.element, "".join(source.dims[d] for d in order), False)
        return [View(Step("permute", type, "".join(map(str, order)))), outer]
    if any(a == "1" != b for a, b in zip(t.dims, own.dims)):
        return None
    whole = (ops.lift(0), ops.lift(1), ops.lift(1))
    taken = iter([(own.dims[d], new.numbers[3 * d : 3 * d + 3]) for d in free])
    parts = [("1", whole) if n == "1" else next(taken) for n in source.dims]
    type = Array(source.element, "".join(d for d, _ in parts), own.packed)
    return [_window(type, [n for _, n in parts]), outer]


def _window(type: Array, numbers: Sequence[Sequence[Any]]) -> View:
    given = tuple(n for part in numbers for n in part)
    return View(Step("window", type, "", len(given)), given)


def less_known(tag: str, target: str, items: Sequence[Any], one: Any) -> list[Any] | None:
    """The items of a reference for a tag that says of fewer sizes that they are 1; None where it says something else.

    Inference may know less of the sizes that are given to `reshape` than what folds when the nodes are made.
    """
    if LIST in (tag, target) or not (is_reference(tag) and is_reference(target)):
        return None
    (_, steps), (_, wanted) = parsed(tag), parsed(target)
    if [(s.name, s.order) for s in steps] != [(s.name, s.order) for s in wanted]:
        return None
    out, rest = [items[0]], list(items[1:])
    for step, other in zip(steps, wanted):
        numbers, rest = rest[: step.numbers], rest[step.numbers :]
        if len(step.type.dims) != len(other.type.dims) or any(
            a != b and b != "?" for a, b in zip(step.type.dims, other.type.dims)
        ):
            return None
        if step.name == "reshape":
            given = iter(numbers)
            sizes = [one if d == "1" else next(given) for d in step.type.dims]
            numbers = [n for n, d in zip(sizes, other.type.dims) if d != "1"]
        out += numbers
    return out


def read(load: Callable[[], Any], view: Callable[..., Any], tag: str, items: Sequence[Any]) -> list[Any]:
    """The whole, and what each step leads to; the last is what is meant. `view(step, array, numbers)` takes a step."""
    _, steps = parsed(tag)
    out, rest = [load()], list(items[1:])
    for step in steps:
        numbers, rest = rest[: step.numbers], rest[step.numbers :]
        out.append(view(step, out[-1], numbers))
    return out
