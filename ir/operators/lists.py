"""Lists. One of a length that is known while compiling is its items; another one is kept in arrays (`ir/lists.py`).

What changes a list gives the list as it is afterwards, like what changes an array (`writing.py`).
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import slice_bounds
from tapeless.ir.operators.numbers import either, index, is_whole, known_int, refuse
from tapeless.ir.operators.ufuncs import position
from tapeless.ir.primitive import Mismatch, Ops, operator

UNROLLED = 16
"""The longest list whose items stay apart where a position is not known."""


def _same(*items: Any) -> list[Any]:
    return list(items)


@operator("list_display", _same)
def list_display(ops: Ops, *items: Any) -> Any:
    """[a, b, c]."""
    return ops.list_of(items)


def list_length(ops: Ops, xs: Any) -> Any:
    """The number of items."""
    return ops.lift(len(ops.items(xs))) if ops.known_list(xs) else ops.list_apply("length", xs)


def list_position(ops: Ops, xs: Any, k: Any, message: str) -> Any:
    """The position that an index means, checked."""
    k = position(ops, k)
    if not is_whole(ops, k):
        raise Mismatch(f"list indices must be integers or slices, not {ops.describe(k)}")
    i, n = index(ops, k), list_length(ops, xs)
    at, count = known_int(ops, i), known_int(ops, n)
    if at is not None and count is not None:
        if not -count <= at < count:
            return ops.raise_("IndexError", message)
        return ops.lift(at % count)
    if at is None or at < 0:
        i = ops.apply("select", ops.apply("ilt", i, ops.lift(0)), ops.apply("iadd", i, n), i)
    refuse(ops, either(ops, ops.apply("ilt", i, ops.lift(0)), ops.apply("ile", n, i)), "IndexError", message)
    return i


def list_item(ops: Ops, xs: Any, i: Any) -> Any:
    """The item at a position that is in range."""
    if not ops.known_list(xs):
        return ops.list_apply("get", xs, i)
    items = ops.items(xs)
    at = known_int(ops, i)
    if at is not None:
        return items[at]
    kinds = {ops.kind(x) for x in items}
    if len(kinds) != 1 or not kinds <= NUMBERS:
        return items[int(ops.need_constant(i, "the index of a list whose items are not numbers of one type"))]
    if len(items) > UNROLLED:
        return ops.list_apply("get", ops.list_apply("opened", xs), i)
    out = items[-1]
    for k in reversed(range(len(items) - 1)):
        out = ops.apply("select", ops.apply("ieq", i, ops.lift(k)), items[k], out)
    return out


NUMBERS = frozenset(("bool", "int", "float", "np.f64", "np.i64", "np.bool"))


def with_item(ops: Ops, xs: Any, k: Any, v: Any) -> Any:
    """The list with v as its item at an index."""
    i = list_position(ops, xs, k, "list assignment index out of range")
    at = known_int(ops, i)
    if ops.known_list(xs) and at is not None:
        items = list(ops.items(xs))
        items[at] = v
        return ops.list_of(items)
    return ops.list_apply("put", xs, i, v)


def list_slice(ops: Ops, xs: Any, low: Any, high: Any, step: Any) -> Any:
    """xs[low:high:step], a new list."""
    start, stride, count = slice_bounds(ops, low, high, step, list_length(ops, xs))
    if ops.known_list(xs):
        first, by, n = (known_int(ops, x) for x in (start, stride, count))
        if first is not None and by is not None and n is not None:
            return ops.list_of([ops.items(xs)[first + by * k] for k in range(n)])
        xs = ops.list_apply("opened", xs)
    return ops.list_apply("part", xs, start, stride, count)


def joined_lists(ops: Ops, xs: Any, ys: Any) -> Any:
    """xs + ys of lists."""
    if ops.known_list(xs) and ops.known_list(ys):
        return ops.list_of([*ops.items(xs), *ops.items(ys)])
    return ops.list_apply("concatenated", xs, ys)


def repeated_list(ops: Ops, xs: Any, times: Any) -> Any:
    """xs * n of a list."""
    times = position(ops, times)
    if not is_whole(ops, times):
        raise Mismatch(f"can't multiply sequence by non-int of type '{ops.describe(times)}'")
    n, known = index(ops, times), ops.known_list(xs)
    count = known_int(ops, n)
    length = len(ops.items(xs)) if known else 2
    if known and length == 1 and ops.kind(ops.items(xs)[0]) in NUMBERS and (count is None or count > UNROLLED):
        least = ops.apply("select", ops.apply("ilt", n, ops.lift(0)), ops.lift(0), n)
        return ops.list_apply("repeated", ops.items(xs)[0], least)
    if not known:
        raise Mismatch("repeating a list of a length that is not known while compiling is not supported")
    return ops.list_of(list(ops.items(xs)) * int(ops.need_constant(n, "how often a list is repeated")))


# -- methods that change a list ---------------------------------------------------------------------------------------
def _append(xs: Any, v: Any) -> Any:
    xs.append(v)
    return xs


@operator("list.append", _append, writes=True)
def append(ops: Ops, xs: Any, v: Any) -> Any:
    """xs.append(v); the list afterwards."""
    _must_be_list(ops, xs, "append")
    new = ops.list_of([*ops.items(xs), v]) if ops.known_list(xs) else ops.list_apply("append", xs, v)
    return ops.written(xs, new)


def _extend(xs: Any, ys: Any) -> Any:
    xs.extend(ys)
    return xs


@operator("list.extend", _extend, writes=True)
def extend(ops: Ops, xs: Any, ys: Any) -> Any:
    """xs.extend(ys) by a list or tuple; the list afterwards."""
    _must_be_list(ops, xs, "extend")
    if ops.kind(ys) == "tuple":
        ys = ops.list_of(ops.items(ys))
    if ops.kind(ys) != "list":
        raise Mismatch("extending a list by something else than a list or tuple is not supported")
    return ops.written(xs, joined_lists(ops, xs, ys))


def _pop(xs: Any, *at: Any) -> Any:
    xs.pop(*at)
    return xs


@operator("list.last", lambda xs: xs[-1])
def last(ops: Ops, xs: Any) -> Any:
    """What xs.pop() gives."""
    _must_be_list(ops, xs, "pop")
    return list_item(ops, xs, list_position(ops, xs, ops.lift(-1), "pop from empty list"))


@operator("list.pop", _pop, writes=True)
def pop(ops: Ops, xs: Any) -> Any:
    """What xs.pop() leaves; it is not empty (see `last`)."""
    _must_be_list(ops, xs, "pop")
    new = ops.list_of(ops.items(xs)[:-1]) if ops.known_list(xs) else ops.list_apply("shortened", xs)
    return ops.written(xs, new)


def _must_be_list(ops: Ops, xs: Any, method: str) -> None:
    if ops.kind(xs) != "list":
        raise Mismatch(f"'{ops.describe(xs)}' object has no attribute '{method}' that is supported")
