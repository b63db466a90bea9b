"""Iteration and indexing: range, enumerate, zip, reversed; what a `for` loop asks of its iterable; subscripts.

Iterables are values: tuples, and records "range" (start, stop, step), "enumerate" (iterable, start), "zip" (iterables)
and "reversed" (iterable). A loop counts an index from 0 to `iter_len` and gets each item by `iter_get`.
"""

from __future__ import annotations

import operator as python
from typing import Any

from tapeless.ir.abstract import SCALARS
from tapeless.ir.operators.arrays import array_length, at_position, index_array
from tapeless.ir.operators.indexing import is_advanced, take
from tapeless.ir.operators.lists import list_item, list_length, list_position, list_slice
from tapeless.ir.operators.numbers import TOO_LARGE, either, index, is_whole, known, known_int, refuse, to_int
from tapeless.ir.operators.ufuncs import position
from tapeless.ir.primitive import Mismatch, Ops, operator

SEQUENCES = ("tuple", "list", "array")
ITERABLE = ("range", "enumerate", "zip", "reversed")


@operator("range", range)
def range_(ops: Ops, first: Any, second: Any = None, step: Any = None) -> Any:
    """range(stop), range(start, stop) or range(start, stop, step)."""
    start, stop = (ops.lift(0), first) if second is None else (first, second)
    stride = ops.lift(1) if step is None else index(ops, step)
    out = ops.record("range", (index(ops, start), index(ops, stop), stride))
    ops.check(ops.apply("ine", stride, ops.lift(0)), "ValueError", "range() arg 3 must not be zero")
    return out


@operator("enumerate", enumerate, keywords=("iterable", "start"))
def enumerate_(ops: Ops, iterable: Any, start: Any = None) -> Any:
    """enumerate(iterable, start=0)."""
    return ops.record("enumerate", (iterate(ops, iterable), ops.lift(0) if start is None else index(ops, start)))


@operator("zip", zip)
def zip_(ops: Ops, *iterables: Any) -> Any:
    """zip(*iterables): tuples of their items, as many as the shortest has."""
    return ops.record("zip", [iterate(ops, x) for x in iterables])


@operator("reversed", reversed)
def reversed_(ops: Ops, sequence: Any) -> Any:
    """reversed(sequence) of a tuple or range."""
    if ops.kind(sequence) in SEQUENCES or _tag(ops, sequence) == "range":
        return ops.record("reversed", (sequence,))
    raise Mismatch(f"'{ops.describe(sequence)}' object is not reversible")


def _tag(ops: Ops, x: Any) -> str:
    return ops.tag(x) if ops.kind(x) == "record" else ""


def iterate(ops: Ops, x: Any) -> Any:
    """x, if a loop can run over it."""
    if ops.kind(x) == "array" and not ops.array_type(x).dims:
        raise Mismatch("iteration over a 0-d array")
    if ops.kind(x) in SEQUENCES or _tag(ops, x) in ITERABLE:
        return x
    if ops.kind(x) == "str":
        raise Mismatch("iteration over a string is not supported")
    raise Mismatch(f"'{ops.describe(x)}' object is not iterable")


def _positions(x: Any) -> Any:
    """What CPython iterates over, as something with positions."""
    return x if isinstance(x, (tuple, range, list)) else tuple(x)


@operator("iter", _positions)
def iter_(ops: Ops, x: Any) -> Any:
    """The iterable of a `for` loop."""
    return iterate(ops, x)


@operator("iter_len", lambda x: len(x))
def iter_len(ops: Ops, x: Any) -> Any:
    """How many items an iterable has."""
    return length(ops, x)


def length(ops: Ops, x: Any) -> Any:
    """The number of items of a tuple or of an iterable of the library, as an int."""
    if ops.kind(x) == "union":
        return ops.operate("iter_len", x)
    if ops.kind(x) == "tuple":
        return ops.lift(len(ops.items(x)))
    if ops.kind(x) == "list":
        return list_length(ops, x)
    if ops.kind(x) == "array":
        return array_length(ops, x)
    fields = ops.items(x)
    match ops.tag(x):
        case "range":
            return _range_length(ops, *fields)
        case "enumerate" | "reversed":
            return length(ops, fields[0])
    lengths = [length(ops, f) for f in fields]
    shortest = lengths[0] if lengths else ops.lift(0)
    for n in lengths[1:]:
        shortest = ops.apply("select", ops.apply("ilt", n, shortest), n, shortest)
    return shortest


def _range_length(ops: Ops, start: Any, stop: Any, step: Any) -> Any:
    """The length of a range; simple arithmetic where the step is 1 or -1."""
    stride = known_int(ops, step)
    if stride not in (1, -1):
        return ops.apply("range_length", start, stop, step)
    low, high = (start, stop) if stride == 1 else (stop, start)
    bottom, top = known_int(ops, low), known_int(ops, high)
    if not (bottom is not None and bottom >= 0) and not (top is not None and top < 0):
        empty = ops.apply("ile", high, low)
        ops.check(either(ops, empty, ops.apply("isub_ok", high, low)), "OverflowError", TOO_LARGE)
    distance = high if bottom == 0 else ops.apply("isub", high, low)
    return ops.apply("select", ops.apply("ilt", low, high), distance, ops.lift(0))


@operator("iter_get", lambda x, i: x[i])
def iter_get(ops: Ops, x: Any, i: Any) -> Any:
    """The i-th item of an iterable, 0 <= i < its length."""
    return element(ops, x, i)


def element(ops: Ops, x: Any, i: Any) -> Any:
    """The i-th item of a tuple or of an iterable of the library; i is in range."""
    if ops.kind(x) == "union":
        return ops.operate("iter_get", x, i)
    if ops.kind(x) == "tuple":
        return _tuple_item(ops, ops.items(x), i)
    if ops.kind(x) == "list":
        return list_item(ops, x, i)
    if ops.kind(x) == "array":
        return at_position(ops, x, i)
    fields = ops.items(x)
    match ops.tag(x):
        case "range":
            return _plus(ops, fields[0], _times(ops, i, fields[2]))
        case "enumerate":
            return ops.tuple([_plus(ops, fields[1], i), element(ops, fields[0], i)])
        case "reversed":
            last = ops.apply("isub", length(ops, fields[0]), ops.lift(1))
            return element(ops, fields[0], ops.apply("isub", last, i))
    return ops.tuple([element(ops, f, i) for f in fields])


def _plus(ops: Ops, a: Any, b: Any) -> Any:
    return b if known_int(ops, a) == 0 else ops.apply("iadd", a, b)


def _times(ops: Ops, a: Any, b: Any) -> Any:
    return a if known_int(ops, b) == 1 else ops.apply("imul", a, b)


def _tuple_item(ops: Ops, items: list[Any], i: Any) -> Any:
    """The i-th item; where i is not known, a choice between scalars of one kind."""
    if not known(ops, i) and items and ops.kind(items[0]) in SCALARS and len({ops.kind(x) for x in items}) == 1:
        out = items[-1]
        for k in reversed(range(len(items) - 1)):
            out = ops.apply("select", ops.apply("ieq", i, ops.lift(k)), items[k], out)
        return out
    k = int(ops.need_constant(i, "the index of a tuple whose items are not scalars of one type"))
    if not 0 <= k < len(items):  # a part of a union that is shorter than others: it does not come here
        return ops.raise_("IndexError", "tuple index out of range")
    return items[k]


@operator("index_lt", lambda i, n: i < n)
def index_lt(ops: Ops, i: Any, n: Any) -> Any:
    """Whether a loop over n items goes on at position i."""
    return ops.apply("ilt", i, n)


@operator("index_next", lambda i: i + 1)
def index_next(ops: Ops, i: Any) -> Any:
    """The position after i."""
    return ops.apply("iadd", i, ops.lift(1))


@operator("getitem", python.getitem)
def getitem(ops: Ops, x: Any, k: Any) -> Any:
    """x[k] of an array, tuple, range or string."""
    if ops.kind(x) == "array":
        return take(ops, x, k) if is_advanced(ops, k) else index_array(ops, x, k)
    if ops.kind(x) == "list":
        if ops.kind(k) == "record" and ops.tag(k) == "slice":
            return list_slice(ops, x, *ops.items(k))
        return list_item(ops, x, list_position(ops, x, k, "list index out of range"))
    k = position(ops, k)
    if ops.kind(x) not in ("tuple", "str") and _tag(ops, x) != "range":
        raise Mismatch(f"'{ops.describe(x)}' object is not subscriptable")
    if not is_whole(ops, k):
        name = {"tuple": "tuple", "str": "string"}.get(ops.kind(x), "range")
        slices = "" if name == "string" else " or slices"
        raise Mismatch(f"{name} indices must be integers{slices}, not {_quoted(name, ops.describe(k))}")
    at = to_int(ops, k)
    match ops.kind(x):
        case "tuple":
            return _index_tuple(ops, ops.items(x), at)
        case "str":
            return _index_string(ops, ops.constant(x), at)
    n = length(ops, x)
    return element(ops, x, _within(ops, at, n, "range object index out of range"))


def _quoted(name: str, described: str) -> str:
    return f"'{described}'" if name == "string" else described


def _within(ops: Ops, k: Any, n: Any, message: str) -> Any:
    """The position that k means in a sequence of length n, checked."""
    k = ops.apply("select", ops.apply("ilt", k, ops.lift(0)), ops.apply("iadd", k, n), k)
    outside = either(ops, ops.apply("ilt", k, ops.lift(0)), ops.apply("ile", n, k))
    refuse(ops, outside, "IndexError", message)
    return k


def _index_tuple(ops: Ops, items: list[Any], k: Any) -> Any:
    at = known_int(ops, k)
    if at is None and not (items and ops.kind(items[0]) in SCALARS and len({ops.kind(x) for x in items}) == 1):
        at = int(ops.need_constant(k, "the index of a tuple whose items are not scalars of one type"))
    if at is None:
        return _tuple_item(ops, items, _within(ops, k, ops.lift(len(items)), "tuple index out of range"))
    if not -len(items) <= at < len(items):
        return ops.raise_("IndexError", "tuple index out of range")
    return items[at]


def _index_string(ops: Ops, text: str, k: Any) -> Any:
    at = int(ops.need_constant(k, "the index of a string"))
    if not -len(text) <= at < len(text):
        return ops.raise_("IndexError", "string index out of range")
    return ops.lift(text[at])


@operator("slice", lambda x, low, high, step: x[low:high:step])
def slice_(ops: Ops, x: Any, low: Any, high: Any, step: Any) -> Any:
    """x[low:high:step] of an array; of a tuple or string, where the bounds are constants or None."""
    if ops.kind(x) == "array":
        return index_array(ops, x, ops.record("slice", (low, high, step)))
    if ops.kind(x) == "list":
        return list_slice(ops, x, low, high, step)
    if ops.kind(x) not in ("tuple", "str"):
        raise Mismatch(f"slicing an object of type '{ops.describe(x)}' is not supported")
    bounds = []
    for bound in (low, high, step):
        if ops.kind(bound) != "none" and not is_whole(ops, bound):
            raise Mismatch("slice indices must be integers or None or have an __index__ method")
        bounds.append(None if ops.kind(bound) == "none" else int(ops.need_constant(bound, "a bound of a slice")))
    if bounds[2] == 0:
        return ops.raise_("ValueError", "slice step cannot be zero")
    part = slice(*bounds)
    return ops.lift(ops.constant(x)[part]) if ops.kind(x) == "str" else ops.tuple(ops.items(x)[part])


@operator("narrow_none", lambda x: x, whole=True)
def narrow_none(ops: Ops, x: Any) -> Any:
    """x, which is known to be None here."""
    return x


@operator("narrow_some", lambda x: x, whole=True)
def narrow_some(ops: Ops, x: Any) -> Any:
    """x, which is known not to be None here."""
    return x


def known_items(ops: Ops, x: Any) -> list[Any]:
    """All items of an iterable whose length must be known while compiling."""
    iterate(ops, x)
    if ops.kind(x) == "tuple" or (ops.kind(x) == "list" and ops.known_list(x)):
        return ops.items(x)
    n = int(ops.need_constant(length(ops, x), "the length of the iterable"))
    return [element(ops, x, ops.lift(i)) for i in range(n)]
