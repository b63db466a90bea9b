"""Functions that arrange the elements of arrays: reshape, ravel, squeeze, concatenate, stack, flip, roll, diff."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import SCALARS, Array
from tapeless.ir.operators.arrays import axes_in, axis_in, index_array, sizes, transposed
from tapeless.ir.operators.elementwise import common_kind, converted, element_kind, numpy_function, shown, ufunc
from tapeless.ir.operators.iteration import known_items
from tapeless.ir.operators.numbers import index, known_index, known_int, refuse
from tapeless.ir.primitive import Mismatch, Ops, operator
from tapeless.ir.primitives.structure import DETAILS

UNKNOWN_SIZE = "which dimension is unknown (-1) must be known while compiling"


def _count(ops: Ops, lengths: list[Any]) -> Any:
    out = ops.lift(1)
    for n in lengths:
        out = ops.apply("imul", out, n)
    return out


def _stays(ops: Ops, a: Any) -> bool:
    """Whether an array is reshaped without a copy: it is packed, or a reference to elements at one distance."""
    t = ops.array_type(a)
    return t.packed or (ops.refers(a) and t.dims.count("1") >= t.rank - 1)


def reshaped(ops: Ops, a: Any, lengths: list[Any]) -> Any:
    """The elements in C order, in other dimensions; one of them may be -1."""
    if not _stays(ops, a):
        a = converted(ops, a, element_kind(ops, a))
    total = _count(ops, sizes(ops, a))
    unknown = [i for i, n in enumerate(lengths) if (known_int(ops, n) or 0) < 0]
    values = [total, *(n for i, n in enumerate(lengths) if i not in unknown)]
    shape = shown(len(lengths)).format(*("newaxis" if i in unknown else "{}" for i in range(len(lengths))))
    message = f"cannot reshape array of size {{}} into shape {shape}"
    if len(values) > DETAILS:
        message, values = "cannot reshape array into a shape with another number of elements", []
    if len(unknown) > 1:
        return ops.raise_("ValueError", "can only specify one unknown dimension")
    rest = ops.lift(1)
    for n in (n for i, n in enumerate(lengths) if i not in unknown):
        refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", UNKNOWN_SIZE)
        ops.check(ops.apply("imul_ok", rest, n), "ValueError", message, *values)
        rest = ops.apply("imul", rest, n)
    if unknown:
        some = ops.apply("ine", rest, ops.lift(0))
        ops.check(some, "ValueError", message, *values)
        lengths[unknown[0]] = ops.apply("ifloordiv", total, rest)
        rest = ops.apply("imul", rest, lengths[unknown[0]])
    ops.check(ops.apply("ieq", rest, total), "ValueError", message, *values)
    dims = "".join("1" if known_int(ops, n) == 1 else "?" for n in lengths)
    t = Array(ops.array_type(a).element, dims)
    return ops.make("reshape", t, a, *(n for n, d in zip(lengths, dims) if d != "1"))


@operator("np.reshape", numpy_function("reshape"))
def reshape(ops: Ops, a: Any, *shape: Any) -> Any:
    """np.reshape(a, shape), a.reshape(shape) and a.reshape(n, m)."""
    given = ops.items(shape[0]) if len(shape) == 1 and ops.kind(shape[0]) == "tuple" else list(shape)
    out = reshaped(ops, a, [index(ops, n) for n in given])
    return out if _stays(ops, a) else ops.viewed(out, a)


@operator("np.ravel", numpy_function("ravel"), keywords=("a",))
def ravel(ops: Ops, a: Any) -> Any:
    """np.ravel(a)."""
    if ops.array_type(a).packed:
        return reshaped(ops, a, [ops.lift(-1)])
    return ops.viewed(reshaped(ops, ops.plain(a), [ops.lift(-1)]), a)


@operator("np.squeeze", numpy_function("squeeze"), keywords=("a", "axis"))
def squeeze(ops: Ops, a: Any, axis: Any = None) -> Any:
    """np.squeeze(a, axis=None): without dimensions of size 1; which, must be known while compiling."""
    t = ops.array_type(a)
    if axis is not None and ops.kind(axis) != "none":
        gone = axes_in(ops, axis, t.rank)
        if len(gone) == t.rank:
            raise Mismatch("squeeze to an array without dimensions is not supported yet")
        lengths, none, zero = sizes(ops, a), ops.lift(None), ops.lift(0)
        for d in gone:
            one = ops.apply("ieq", lengths[d], ops.lift(1))
            message = "cannot select an axis to squeeze out which has size not equal to one"
            ops.check(one, "ValueError", message)
        full = ops.record("slice", (none, none, none))
        return index_array(ops, a, ops.tuple([zero if d in gone else full for d in range(t.rank)]))
    if "?" in t.dims:
        raise Mismatch("squeeze of an array with dimensions that are not known to be 1 or not is not supported")
    return ops.make("with_axes", Array(t.element, t.dims.replace("1", ""), t.packed), a)


@operator("np.transpose", numpy_function("transpose"), keywords=("axes",))
def transpose(ops: Ops, a: Any, *order: Any, axes: Any = None) -> Any:
    """np.transpose(a, axes=None) and a.transpose(0, 2, 1)."""
    given = order[0] if len(order) == 1 else axes if not order else ops.tuple(order)
    if given is None or ops.kind(given) == "none":
        return transposed(ops, a)
    rank = ops.array_type(a).rank
    known = axes_in(ops, given, rank)
    if sorted(known) != list(range(rank)):
        raise Mismatch("axes don't match array")
    return transposed(ops, a, known)


def joined(ops: Ops, parts: list[Any], axis: int) -> Any:
    """Arrays one after another."""
    kind = common_kind(ops, *parts)
    if len({ops.array_type(p).rank for p in parts}) != 1:
        raise Mismatch("all the input array dimensions must match exactly")
    lengths = [sizes(ops, p) for p in parts]
    total = ops.lift(0)
    starts = []
    for k, own in enumerate(lengths):
        starts.append(total)
        total = ops.apply("iadd", total, own[axis])
        for d, (n, m) in enumerate(zip(own, lengths[0])):
            if d != axis:
                message = (
                    "all the input array dimensions except for the concatenation axis must match exactly, but along "
                    f"dimension {d}, the array at index 0 has size {{}} and the array at index {k} has size {{}}"
                )
                ops.check(ops.apply("ieq", n, m), "ValueError", message, m, n)
    whole = [*lengths[0][:axis], total, *lengths[0][axis + 1 :]]
    dims = "".join("?" if d == axis else n for d, n in enumerate(ops.array_type(parts[0]).dims))
    free = (n for n, d in zip(whole, dims) if d != "1")
    out = ops.make("unset", Array(SCALARS[kind], dims), *free, ops.lift(len(parts)))
    for p, start in zip(parts, starts):
        bounds = [x for d in range(len(whole)) for x in (start if d == axis else ops.lift(0), ops.lift(1))]
        out = ops.apply("put_window", out, converted(ops, p, kind) if element_kind(ops, p) != kind else p, *bounds)
    return out


def parts_in(ops: Ops, arrays: Any) -> list[Any]:
    """The arrays to be joined; lists and tuples among them become arrays."""
    parts = known_items(ops, arrays)
    parts = [ops.operate("np.array", p) if ops.kind(p) in ("list", "tuple") else p for p in parts]
    if not parts or any(ops.kind(p) != "array" for p in parts):
        raise Mismatch("arrays are needed, of the same number of dimensions, at least one")
    return parts


def rows_of(ops: Ops, arrays: Any, verb: str) -> Any:
    """The arrays of a list whose length is not known, at least one, or of an array: as rows; None for anything else."""
    if ops.kind(arrays) == "array":
        out = converted(ops, ops.plain(arrays), element_kind(ops, arrays))  # a new array, as what NumPy joins is
    elif ops.kind(arrays) == "list" and not ops.known_list(arrays):
        out = ops.list_apply("as_array", arrays)
    else:
        return None
    if ops.array_type(out).rank == 1:
        raise Mismatch("arrays are needed, of the same number of dimensions, at least one")
    some = ops.apply("ine", sizes(ops, out)[0], ops.lift(0))
    ops.check(some, "ValueError", f"need at least one array to {verb}")
    return out


def _first_at(ops: Ops, a: Any, k: int) -> Any:
    """The first dimension as the k-th one."""
    return transposed(ops, a, [*range(1, k + 1), 0, *range(k + 1, ops.array_type(a).rank)])


def merged(ops: Ops, whole: Any, axis: int) -> Any:
    """The arrays that are the rows of one, one after another along one of their dimensions."""
    first, *rest = sizes(ops, whole)
    lengths = [*rest[:axis], ops.apply("imul", first, rest[axis]), *rest[axis + 1 :]]
    return reshaped(ops, _first_at(ops, whole, axis), lengths)


@operator("np.concatenate", numpy_function("concatenate"), keywords=("arrays", "axis"))
def concatenate(ops: Ops, arrays: Any, axis: Any = None) -> Any:
    """np.concatenate(arrays, axis=0): with None, all elements in a row."""
    flat = axis is not None and ops.kind(axis) == "none"
    if (whole := rows_of(ops, arrays, "concatenate")) is not None:
        if flat:
            return reshaped(ops, whole, [ops.lift(-1)])
        return merged(ops, whole, axis_in(ops, axis, ops.array_type(whole).rank - 1))
    parts = parts_in(ops, arrays)
    if flat:
        return joined(ops, [reshaped(ops, ops.plain(p), [ops.lift(-1)]) for p in parts], 0)
    return joined(ops, parts, axis_in(ops, axis, ops.array_type(parts[0]).rank))


@operator("np.stack", numpy_function("stack"), keywords=("arrays", "axis"))
def stack(ops: Ops, arrays: Any, axis: Any = None) -> Any:
    """np.stack(arrays, axis=0)."""
    if (whole := rows_of(ops, arrays, "stack")) is not None:
        at = axis_in(ops, axis, ops.array_type(whole).rank)
        return converted(ops, _first_at(ops, whole, at), element_kind(ops, whole))
    parts = parts_in(ops, arrays)
    at = axis_in(ops, axis, ops.array_type(parts[0]).rank + 1)

    def with_axis(a: Any) -> Any:
        t = ops.array_type(a)
        return ops.make("with_axes", Array(t.element, t.dims[:at] + "1" + t.dims[at:], t.packed), a)

    return joined(ops, [with_axis(p) for p in parts], at)


def part_along(ops: Ops, a: Any, axis: int, low: Any, high: Any, step: Any = None) -> Any:
    """A slice along one dimension."""
    none, rank = ops.lift(None), ops.array_type(a).rank
    along = ops.record("slice", (low, high, none if step is None else step))
    full = ops.record("slice", (none, none, none))
    return index_array(ops, a, ops.tuple([along if d == axis else full for d in range(rank)]))


@operator("np.flip", numpy_function("flip"), keywords=("m", "axis"))
def flip(ops: Ops, m: Any, axis: Any = None) -> Any:
    """np.flip(m, axis=None): along one, several or all dimensions."""
    none, rank = ops.lift(None), ops.array_type(m).rank
    if axis is None or ops.kind(axis) == "none":
        along = list(range(rank))
    else:
        along = axes_in(ops, axis, rank)
    for d in along:
        m = part_along(ops, m, d, none, none, ops.lift(-1))
    return m


@operator("np.diff", numpy_function("diff"), keywords=("a", "n", "axis"))
def diff(ops: Ops, a: Any, n: Any = None, axis: Any = None) -> Any:
    """np.diff(a, n=1, axis=-1): of bools, whether neighbors differ."""
    none, times = ops.lift(None), 1 if n is None else known_index(ops, n, "how often differences are taken")
    if times < 0:
        return ops.raise_("ValueError", f"order must be non-negative but got {times}")
    d = axis_in(ops, axis, ops.array_type(a).rank, -1)
    name = "ne" if element_kind(ops, a) == "np.bool" else "sub"
    for _ in range(times):
        a = ufunc(ops, name, part_along(ops, a, d, ops.lift(1), none), part_along(ops, a, d, none, ops.lift(-1)))
    return a


@operator("np.roll", numpy_function("roll"), keywords=("a", "shift", "axis"))
def roll(ops: Ops, a: Any, shift: Any, axis: Any = None) -> Any:
    """np.roll(a, shift, axis=None): without an axis, of all elements in a row."""
    rank = ops.array_type(a).rank
    if axis is None or ops.kind(axis) == "none":
        if rank != 1:
            flat = roll.expand(ops, reshaped(ops, a, [ops.lift(-1)]), shift)
            return reshaped(ops, flat, sizes(ops, a))
        d = 0
    elif ops.kind(axis) == "tuple":
        axes = ops.items(axis)
        shifts = ops.items(shift) if ops.kind(shift) == "tuple" else [shift] * len(axes)
        if len(shifts) != len(axes):
            raise Mismatch("'shift' and 'axis' should be scalars or tuples of one length")
        for by, along in zip(shifts, axes):
            a = roll.expand(ops, a, by, along)
        return a
    else:
        d = axis_in(ops, axis, rank)
    n, none = sizes(ops, a)[d], ops.lift(None)
    some = ops.apply("select", ops.apply("ieq", n, ops.lift(0)), ops.lift(1), n)
    cut = ops.apply("isub", n, ops.apply("imod", index(ops, shift), some))
    return joined(ops, [part_along(ops, a, d, cut, none), part_along(ops, a, d, none, cut)], d)
