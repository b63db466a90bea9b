"""What applications of array primitives equal, without being made: sizes of new arrays, orders, sums of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tapeless.ir.abstract import INT, Array, Str, Type
from tapeless.ir.nodes import Apply, Constant, Node, key_of
from tapeless.ir.primitive import Primitive

Args = tuple[Node, ...]


def _number(n: int) -> Constant:
    return Constant(n, INT)


def _name(node: Node) -> str:
    fn = node.fn if isinstance(node, Apply) else None
    return getattr(fn.value, "name", "") if isinstance(fn, Constant) else ""


def _free(a: Node) -> list[int]:
    """The dimensions of an array that are not 1."""
    assert isinstance(a.type, Array)
    return [d for d, n in enumerate(a.type.dims) if n != "1"]


def size_of(b: Any, args: Args, type: Type) -> Node | None:
    """The size of an array that was made from others, from theirs."""
    a, axis = args
    assert isinstance(axis, Constant) and isinstance(a.type, Array)
    d = axis.value
    if a.type.dims[d] == "1":
        return _number(1)
    if a in b.shapes:
        return b.apply("size", b.shapes[a], axis)  # type: ignore[no-any-return]
    if not isinstance(a, Apply):
        return None
    match _name(a):
        case "zeros" | "unset":
            return a.args[_free(a).index(d)]
        case "filled" | "reshape":
            return a.args[_free(a).index(d) + 1]
        case "iota":
            return a.args[0]
        case "window":
            return a.args[3 * d + 3]
        case "recur":
            return b.apply("size", a.args[0], axis)  # type: ignore[no-any-return]
        case "permute":
            return b.apply("size", a.args[0], _number(int(a.args[1].value[d])))  # type: ignore[attr-defined, no-any-return]
        case "matmul":
            return b.apply("size", a.args[d == a.type.rank - 1], axis)  # type: ignore[no-any-return]
        case "with_axes":
            return b.apply("size", a.args[0], _number(_free(a.args[0])[_free(a).index(d)]))  # type: ignore[no-any-return]
        case "nest":
            return _size_of_nest(b, a, 0, d)
        case "item" if _name(a.args[0]) == "nest":
            return _size_of_nest(b, a.args[0], a.args[1].value, d)  # type: ignore[arg-type, attr-defined]
    return b.apply("size", a.args[0], axis) if _changed(a) else None


SMALL = 256
"""Of how many elements an array is at most that is kept for one of them, though it is changed afterwards."""


def element_of(b: Any, args: Args, type: Type) -> Node | None:
    """An element that was stored, or of the array before: of a small one where other positions were changed since."""
    array, *at = args
    assert isinstance(array.type, Array)
    where = _positions(at)
    found = array
    while where is not None and _name(found) == "put":
        old, value, *changed = found.args  # type: ignore[attr-defined]
        there = _positions(changed)
        if there is None:
            break
        if there == where:
            return value  # type: ignore[no-any-return]
        found = old
    if _name(found) == "filled":
        return found.args[0]  # type: ignore[attr-defined, no-any-return]
    if found is array:
        return None
    sizes = [b.apply("size", found, _number(d)) for d in range(array.type.rank)]
    small = all(isinstance(n, Constant) for n in sizes) and prod(n.value for n in sizes) <= SMALL
    return b.apply("element", found, *at) if small else None


def _positions(at: Sequence[Node]) -> list[Any] | None:
    return [i.value for i in at if isinstance(i, Constant)] if all(isinstance(i, Constant) for i in at) else None


def _changed(node: Node) -> bool:
    fn = node.fn.value if isinstance(node, Apply) and isinstance(node.fn, Constant) else None
    return isinstance(fn, Primitive) and fn.buffers == "changes"


def keeps_sizes(new: Node, old: Node) -> bool:
    """Whether an array certainly has the sizes of another one, which it was made from."""
    while new is not old:
        if _changed(new):
            new = new.args[0]  # type: ignore[attr-defined]
            continue
        if not isinstance(new, Apply) or _name(new) != "nest" or new.args[1].value != "each":  # type: ignore[attr-defined]
            return False
        return all(keeps_sizes(a, old) for a in new.args[2:])
    return True


def _size_of_nest(b: Any, nest: Apply, k: int, d: int) -> Node:
    """The size that the operands of a nest are broadcast to, along a dimension of its k-th output."""
    _, outputs, *arrays = nest.args
    rank = max(a.type.rank for a in arrays)  # type: ignore[union-attr]
    kind = outputs.value.split(";")[k]  # type: ignore[attr-defined]
    if kind != "each":
        d = [axis for axis, bit in enumerate(kind.split(":")[1]) if bit == "0"][d]
    found: dict[str, list[Node]] = {"n": [], "?": [], "1": []}
    for a in arrays:
        own = d - (rank - a.type.rank)  # type: ignore[union-attr]
        if own >= 0:
            found[a.type.dims[own]].append(b.apply("size", a, _number(own)))  # type: ignore[union-attr]
    if found["n"]:
        return found["n"][0]
    out, *others = found["?"]
    for n in others:
        if n is not out:
            out = b.apply("select", b.apply("ieq", out, _number(1)), n, out)
    return out


def nothing_to_sum(b: Any, args: Args, type: Type) -> Node | None:
    """sum_to(a, sizes...) is a, where these are its sizes."""
    a, *sizes = args
    same = all(key_of(b.apply("size", a, _number(d))) == key_of(n) for d, n in zip(_free(a), sizes))
    return a if same else None


def without_zeros(b: Any, args: Args, type: Type) -> Node | None:
    """The sum of an array and zeros is the array."""
    for x, y in (args, args[::-1]):
        if _name(x) == "zeros":
            return y
    return None


def one_order(b: Any, args: Args, type: Type) -> Node | None:
    """An array whose dimensions are put in the order that they have is the array; two orders are one."""
    a, order = args
    assert isinstance(order, Constant)
    if order.value == "".join(sorted(order.value)):
        return a
    if not isinstance(a, Apply) or _name(a) != "permute":
        return None
    first = a.args[1].value  # type: ignore[attr-defined]
    both = "".join(first[int(d)] for d in order.value)
    out: Node = b.apply("permute", a.args[0], Constant(both, Str(both)))
    return out if out.type == type else None  # of a packed array, two orders may be its own
