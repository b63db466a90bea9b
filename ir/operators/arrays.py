"""Arrays: their shape, their attributes, indices."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import SCALARS, Array
from tapeless.ir.dataclass import dataclass
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.operators.numbers import LARGEST, either, known_index, known_int, refuse, to_int
from tapeless.ir.operators.ufuncs import as_kind, made, position
from tapeless.ir.primitive import Mismatch, Ops, operator


def sizes(ops: Ops, a: Any) -> list[Any]:
    """The sizes of an array, as ints."""
    dims = ops.array_type(a).dims
    return [ops.lift(1) if n == "1" else ops.apply("size", a, ops.lift(d)) for d, n in enumerate(dims)]


def array_length(ops: Ops, a: Any) -> Any:
    """len(a)."""
    if not ops.array_type(a).dims:
        raise Mismatch("len() of unsized object")
    return sizes(ops, a)[0]


def machine_constant(kind: str, value: float) -> Any:
    """A machine value of a kind that is known while compiling."""
    return {"float": float, "int": int, "bool": bool}[ELEMENTS[kind].machine](value)


def filled(ops: Ops, value: Any, lengths: list[Any], dims: str, kind: str) -> Any:
    """An array of one value."""
    v = made(ops, kind, as_kind(ops, value, kind))
    return ops.make("filled", Array(SCALARS[kind], dims), v, *(n for n, d in zip(lengths, dims) if d != "1"))


def axis_in(ops: Ops, axis: Any, rank: int, default: int = 0) -> int:
    """A dimension that is given as a known int, from the end where it is negative."""
    if axis is not None and ops.kind(axis) == "bool":
        raise Mismatch("an integer is required for the axis")
    k = default if axis is None else known_index(ops, axis, "an axis")
    if not -rank <= k < rank:
        raise Mismatch(f"axis {k} is out of bounds for array of dimension {rank}")
    return k % rank


def axes_in(ops: Ops, axes: Any, rank: int) -> list[int]:
    """Dimensions that are given as an int or a tuple or list of ints, each once."""
    several = ops.kind(axes) == "tuple" or (ops.kind(axes) == "list" and ops.known_list(axes))
    out = [axis_in(ops, a, rank) for a in (ops.items(axes) if several else [axes])]
    if len(set(out)) < len(out):
        raise Mismatch("repeated axis")
    return out


@operator("slice_object", slice)
def slice_object(ops: Ops, *bounds: Any) -> Any:
    """slice(stop), slice(start, stop) and slice(start, stop, step); low:high:step among several indices."""
    if not 1 <= len(bounds) <= 3:
        raise Mismatch(f"slice expected 1 to 3 arguments, got {len(bounds)}")
    low, high, step = (None, *bounds, None) if len(bounds) == 1 else (*bounds, None)[:3]
    return ops.record("slice", tuple(ops.lift(None) if b is None else b for b in (low, high, step)))


@operator("ellipsis", lambda: ...)
def ellipsis(ops: Ops) -> Any:
    """`...` among several indices."""
    return ops.record("ellipsis", ())


@dataclass(frozen=True)
class Part:
    """What an index takes of one dimension: positions start, start + step, ...; `dropped` where it is one position."""

    start: Any
    step: Any
    size: Any
    dim: str
    dropped: bool = False
    whole: bool = False


def index_array(ops: Ops, a: Any, k: Any) -> Any:
    """a[k]."""
    parts, dims = parts_of(ops, a, ops.items(k) if ops.kind(k) == "tuple" else [k])
    if dims == "" and all(p.dropped for p in parts):
        return ops.apply("element", a, *(p.start for p in parts))
    t = ops.array_type(a)
    bounds = [x for p in parts for x in (p.start, p.step, p.size)]
    inner = Array(t.element, "".join(p.dim for p in parts), t.packed and _is_block(ops, parts))
    out = ops.make("window", inner, a, *bounds)
    return ops.make("with_axes", Array(t.element, dims, inner.packed), out) if dims != inner.dims else out


def parts_of(ops: Ops, a: Any, indices: list[Any]) -> tuple[list[Part], str]:
    """What indices take of each dimension, and the dimensions of the result."""
    rank = ops.array_type(a).rank
    new = [ops.kind(i) == "none" for i in indices]
    dots = [n for n, i in enumerate(indices) if ops.kind(i) == "record" and ops.tag(i) == "ellipsis"]
    if len(dots) > 1:
        raise Mismatch("an index can only have a single ellipsis ('...')")
    given = len(indices) - sum(new) - len(dots)
    if given > rank:
        ops.raise_("IndexError", f"too many indices for array: array is {rank}-dimensional, but {given} were indexed")
    at = dots[0] if dots else len(indices)
    full = [None] * (rank - given)
    spread = [*indices[:at], *full, *indices[at + 1 :]]
    parts: list[Part] = []
    dims = ""
    lengths = sizes(ops, a)
    for i in spread:
        if i is not None and ops.kind(i) == "none":
            dims += "1"
            continue
        axis = len(parts)
        part = part_of(ops, i, lengths[axis], ops.array_type(a).dims[axis], axis)
        parts.append(part)
        dims += "" if part.dropped else part.dim
    return parts, dims


def part_of(ops: Ops, i: Any, n: Any, dim: str, axis: int) -> Part:
    """What one index takes of a dimension of size n; None stands for all of it."""
    zero, one = ops.lift(0), ops.lift(1)
    if i is None:
        return Part(zero, one, n, dim, whole=True)
    if ops.kind(i) == "record" and ops.tag(i) == "slice":
        return _slice(ops, *ops.items(i), n, dim)  # type: ignore[call-arg]
    x = position(ops, i)
    if ops.kind(x) != "int":
        raise Mismatch(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and arrays are indices so far"
        )
    return Part(_in_range(ops, x, n, axis), one, one, "1", dropped=True)


def _in_range(ops: Ops, i: Any, n: Any, axis: int) -> Any:
    """An index from the start of a dimension, checked."""
    at, given = known_int(ops, i), i
    if at is None:
        i = ops.apply("select", ops.apply("ilt", i, ops.lift(0)), ops.apply("iadd", i, n), i)
    elif at < 0:
        i = ops.apply("iadd", n, i)
    outside = either(ops, ops.apply("ilt", i, ops.lift(0)), ops.apply("ile", n, i))
    refuse(ops, outside, "IndexError", f"index {{}} is out of bounds for axis {axis} with size {{}}", given, n)
    return i


def _slice(ops: Ops, low: Any, high: Any, step: Any, n: Any, dim: str) -> Part:
    """The part that low:high:step takes of a dimension of size n."""
    zero, one = ops.lift(0), ops.lift(1)
    bounds = [None if ops.kind(x) == "none" else position(ops, x) for x in (low, high, step)]
    if any(x is not None and ops.kind(x) not in ("int", "bool") for x in bounds):
        raise Mismatch("slice indices must be integers or None or have an __index__ method")
    a, b, c = (None if x is None else to_int(ops, x) for x in bounds)
    stride = 1 if c is None else known_int(ops, c)
    if stride == 0:
        return ops.raise_("ValueError", "slice step cannot be zero")  # type: ignore[no-any-return]
    if stride is None:
        return _strided(ops, a, b, c, n)
    if a is None and b is None and stride == 1:
        return Part(zero, one, n, dim, whole=True)
    first = 0 if a is None else known_int(ops, a)
    last = 0 if b is None else known_int(ops, b)
    if stride == 1 and first is not None and first >= 0 and last is not None and (last < 0 or b is None):
        return Part(ops.lift(first), one, _above(ops, ops.apply("isub", n, ops.lift(min(first - last, LARGEST)))), "?")
    if dim == "n" and (a is None or first is not None) and (b is None or last is not None):
        part = _fixed(ops, slice(None if a is None else first, None if b is None else last, stride), n)
        if part is not None:
            return part
    if stride > 0:
        start = zero if a is None else _bound(ops, a, n, zero, n)
        stop = n if b is None else _bound(ops, b, n, zero, n)
        distance = ops.apply("isub", stop, start)
    else:
        minus, end = ops.lift(-1), ops.apply("isub", n, one)
        start = end if a is None else _bound(ops, a, n, minus, end)
        stop = minus if b is None else _bound(ops, b, n, minus, end)
        distance = ops.apply("isub", start, stop)
    count = _above(ops, distance)
    if abs(stride) != 1:
        more = ops.apply("ifloordiv", ops.apply("isub", count, one), ops.lift(min(abs(stride), LARGEST)))
        count = ops.apply("iadd", more, one)  # 0 of 0: it is the floor
    return Part(start, ops.lift(stride), count, "?")


def _strided(ops: Ops, a: Any, b: Any, step: Any, n: Any) -> Part:
    """The part that a:b:step takes of a dimension of size n, where the step is not known."""
    zero, one, minus, large = ops.lift(0), ops.lift(1), ops.lift(-1), ops.lift(LARGEST)
    ops.check(ops.apply("ine", step, zero), "ValueError", "slice step cannot be zero")
    back, end = ops.apply("ilt", step, zero), ops.apply("isub", n, one)
    first, last = ops.apply("select", back, end, zero), ops.apply("select", back, minus, n)
    least, most = ops.apply("select", back, minus, zero), ops.apply("select", back, end, n)
    start = first if a is None else _bound(ops, a, n, least, most)
    stop = last if b is None else _bound(ops, b, n, least, most)
    ahead, behind = ops.apply("isub", stop, start), ops.apply("isub", start, stop)
    count = _above(ops, ops.apply("select", back, behind, ahead))
    length = ops.apply("select", back, ops.apply("isub", zero, step), step)  # the least int is its own negative
    length = ops.apply("select", ops.apply("ilt", zero, length), length, large)
    more = ops.apply("ifloordiv", ops.apply("isub", count, one), length)
    return Part(start, step, ops.apply("iadd", more, one), "?")


def _fixed(ops: Ops, k: slice, n: Any) -> Part | None:
    """The part that a slice takes of n, 2 or more, where it is of the same size for all n; else None.

    From where its bounds are inside on, a slice starts at a position from the start or from the end.
    """
    inside = max(abs(x) for x in (k.start or 0, k.stop or 0)) + abs(k.step) + 1
    if inside > 64:
        return None
    tried = [(m, *k.indices(m)) for m in range(2, inside + abs(k.step) + 1)]  # a step further is another size
    counts = {len(range(*bounds)) for _, *bounds in tried}
    if len(counts) != 1:
        return None
    (count,) = counts
    firsts, from_end = {start for _, start, *_ in tried}, {start - m for m, start, *_ in tried}
    if len(firsts) == 1:
        start = ops.lift(firsts.pop())
    elif len(from_end) == 1:
        start = ops.apply("iadd", n, ops.lift(from_end.pop()))
    else:
        return None
    return Part(start, ops.lift(k.step), ops.lift(count), size_dim(count))


def size_dim(n: int) -> str:
    """The dimension of a known size."""
    return "1" if n == 1 else "n" if n else "?"


def slice_bounds(ops: Ops, low: Any, high: Any, step: Any, n: Any) -> tuple[Any, Any, Any]:
    """The start, step and number of the positions that low:high:step takes of n."""
    part = _slice(ops, low, high, step, n, "?")
    return part.start, part.step, part.size


def _above(ops: Ops, n: Any) -> Any:
    """n, or 0 where it is negative."""
    return ops.apply("select", ops.apply("ilt", n, ops.lift(0)), ops.lift(0), n)


def _bound(ops: Ops, i: Any, n: Any, least: Any, most: Any) -> Any:
    """A bound of a slice, from the start of the dimension and inside of it."""
    i = ops.apply("select", ops.apply("ilt", i, ops.lift(0)), ops.apply("iadd", i, n), i)
    i = ops.apply("select", ops.apply("ilt", i, least), least, i)
    return ops.apply("select", ops.apply("ilt", most, i), most, i)


def _is_block(ops: Ops, parts: list[Part]) -> bool:
    """Whether a part of a packed array is packed: positions, then at most one part, then all of the others."""
    whole = 0
    for p in reversed(parts):
        if not p.whole:
            break
        whole += 1
    rest = parts[: len(parts) - whole]
    return all(p.dim == "1" for p in rest[:-1]) and all(known_int(ops, p.step) == 1 for p in rest[-1:])


def at_position(ops: Ops, a: Any, i: Any, axis: int = 0) -> Any:
    """What an array has at position i of a dimension, where i is in range."""
    t = ops.array_type(a)
    if t.rank == 1:
        return ops.apply("element", a, i)
    zero, one = ops.lift(0), ops.lift(1)
    bounds = [x for d, n in enumerate(sizes(ops, a)) for x in ((i, one, one) if d == axis else (zero, one, n))]
    dims, packed = (t.dims[:axis], t.dims[axis + 1 :]), t.packed and axis == 0
    row = ops.make("window", Array(t.element, "1".join(dims), packed), a, *bounds)
    return ops.make("with_axes", Array(t.element, "".join(dims), packed), row)


def transposed(ops: Ops, a: Any, order: list[int] | None = None) -> Any:
    """The dimensions in another order; reversed, if none is given."""
    rank = ops.array_type(a).rank
    text = "".join(map(str, range(rank) if order is None else order))
    return ops.apply("permute", a, ops.lift(text[::-1] if order is None else text))
