"""What is computed from neighbors: differences, slopes, areas, and values between samples."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import axes_in, axis_in, sizes
from tapeless.ir.operators.elementwise import casted, element_kind, mapped, numpy_function, ufunc
from tapeless.ir.operators.indexing import take
from tapeless.ir.operators.numbers import known_index
from tapeless.ir.operators.numpy.arranging import with_dims
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.editing import at_least_vector
from tapeless.ir.operators.numpy.reductions import real_kind, summed
from tapeless.ir.operators.numpy.shapes import joined, part_along, reshaped
from tapeless.ir.operators.ufuncs import as_kind, is_kind, machine
from tapeless.ir.primitive import Mismatch, Ops, operator


def _doubles(ops: Ops, x: Any) -> Any:
    x = ops.plain(as_array(ops, x))
    return x if element_kind(ops, x) == "np.f64" else casted(ops, x, "np.f64")


def _neighbors(ops: Ops, a: Any, axis: int) -> tuple[Any, Any]:
    """All elements but the last, and all but the first, along a dimension."""
    none = ops.lift(None)
    return part_along(ops, a, axis, none, ops.lift(-1)), part_along(ops, a, axis, ops.lift(1), none)


# -- differences and slopes -------------------------------------------------------------------------------------------
@operator("np.ediff1d", numpy_function("ediff1d"), keywords=("ary", "to_end", "to_begin"))
def ediff1d(ops: Ops, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """np.ediff1d(ary, to_end=None, to_begin=None): differences of all elements in a row, with others at the ends."""
    a = reshaped(ops, ops.plain(as_array(ops, ary)), [ops.lift(-1)])
    kind = element_kind(ops, a)
    low, high = _neighbors(ops, a, 0)
    parts = [ufunc(ops, "sub", high, low)]
    for end, first in ((to_begin, True), (to_end, False)):
        if end is None or ops.kind(end) == "none":
            continue
        x = at_least_vector(ops, end)
        if is_kind(kind, "int") and element_kind(ops, x) != kind:
            raise Mismatch("the ends of differences of ints have to be of the same type")
        x = reshaped(ops, x, [ops.lift(-1)])
        x = x if element_kind(ops, x) == kind else casted(ops, x, kind)
        parts = [x, *parts] if first else [*parts, x]
    return joined(ops, parts, 0) if len(parts) > 1 else parts[0]


@operator("np.gradient", numpy_function("gradient"), keywords=("axis", "edge_order"))
def gradient(ops: Ops, f: Any, *varargs: Any, axis: Any = None, edge_order: Any = None) -> Any:
    """np.gradient(f, *spacings, axis=None, edge_order=1) of samples at equal distances; of several axes a tuple."""
    f = ops.plain(as_array(ops, f))
    rank, kind = ops.array_type(f).rank, real_kind(ops, f)
    axes = list(range(rank)) if axis is None or ops.kind(axis) == "none" else axes_in(ops, axis, rank)
    order = 1 if edge_order is None else known_index(ops, edge_order, "`edge_order`")
    if order not in (1, 2):
        raise Mismatch(f"the order {order} at the edges of gradient is not supported: 1 and 2 are")
    if len(varargs) not in (0, 1, len(axes)):
        raise Mismatch("invalid number of arguments")
    if any(ops.kind(h) in ("array", "tuple", "list") for h in varargs):
        raise Mismatch("gradient of samples at given places is not supported: give their distance")
    steps = varargs * len(axes) if len(varargs) == 1 else varargs or [ops.lift(1.0)] * len(axes)
    f = casted(ops, f, "np.f64") if is_kind(element_kind(ops, f), "int") else f
    out = []
    for d, h in zip(axes, steps):
        slopes = _slopes(ops, f, d, h, order)
        out.append(slopes if element_kind(ops, slopes) == kind else casted(ops, slopes, kind))
    return out[0] if len(out) == 1 else ops.tuple(out)


def _slopes(ops: Ops, f: Any, d: int, h: Any, order: int) -> Any:
    """Differences of the two neighbors of each element, and one-sided ones at the edges."""
    enough = ops.apply("ilt", ops.lift(order), sizes(ops, f)[d])
    message = (
        "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
    )
    ops.check(enough, "ValueError", message)

    def at(k: int) -> Any:
        end = ops.lift(None) if k == -1 else ops.lift(k + 1)
        return part_along(ops, f, d, ops.lift(k), end)

    def difference(x: Any, y: Any, by: Any) -> Any:
        return ufunc(ops, "div", ufunc(ops, "sub", x, y), by)

    def edge(weights: tuple[float, ...], places: tuple[int, ...]) -> Any:
        a, b, c = (ufunc(ops, "mul", ops.operate("div", ops.lift(w), h), at(k)) for w, k in zip(weights, places))
        return ufunc(ops, "add", ufunc(ops, "add", a, b), c)

    none, two = ops.lift(None), ops.operate("mul", ops.lift(2.0), h)
    ahead, behind = part_along(ops, f, d, ops.lift(2), none), part_along(ops, f, d, none, ops.lift(-2))
    inside = difference(ahead, behind, two)
    if order == 1:
        return joined(ops, [difference(at(1), at(0), h), inside, difference(at(-1), at(-2), h)], d)
    return joined(ops, [edge((-1.5, 2.0, -0.5), (0, 1, 2)), inside, edge((0.5, -2.0, 1.5), (-3, -2, -1))], d)


@operator("np.trapezoid", numpy_function("trapezoid"), keywords=("y", "x", "dx", "axis"))
def trapezoid(ops: Ops, y: Any, x: Any = None, dx: Any = None, axis: Any = None) -> Any:
    """np.trapezoid(y, x=None, dx=1.0, axis=-1): the area below samples at x, or at distances dx."""
    y = ops.plain(as_array(ops, y))
    rank = ops.array_type(y).rank
    d = rank - 1 if axis is None else axis_in(ops, axis, rank)
    if x is None or ops.kind(x) == "none":
        if dx is not None and ops.kind(dx) in ("array", "tuple", "list"):
            raise Mismatch("several distances are not supported: give x")
        step = ops.lift(1.0) if dx is None else dx
    else:
        x = ops.plain(as_array(ops, x))
        own = ops.array_type(x).rank
        if own not in (1, rank):
            raise Mismatch("x has to be a vector, or of as many dimensions as y")
        along = 0 if own == 1 else d
        low, high = _neighbors(ops, x, along)
        step = ufunc(ops, "ne" if element_kind(ops, x) == "np.bool" else "sub", high, low)
        if own == 1:
            step = with_dims(ops, step, "1" * d + ops.array_type(step).dims + "1" * (rank - d - 1))
    low, high = _neighbors(ops, y, d)
    area = ufunc(ops, "div", ufunc(ops, "mul", step, ufunc(ops, "add", high, low)), ops.lift(2.0))
    return summed(ops, area, ops.lift(d), None, element_kind(ops, area))


# -- between samples --------------------------------------------------------------------------------------------------
@operator("np.interp", numpy_function("interp"), keywords=("x", "xp", "fp", "left", "right", "period"))
def interp(ops: Ops, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp(x, xp, fp, left=None, right=None, period=None): on lines between the samples fp at xp, which rise."""
    xp, fp = _doubles(ops, xp), _doubles(ops, fp)
    x = ops.plain(as_array(ops, x)) if ops.kind(x) in ("array", "tuple", "list") else x
    if not ops.array_type(xp).rank == ops.array_type(fp).rank == 1:
        return ops.raise_("ValueError", "object too deep for desired array")
    n, one = sizes(ops, xp)[0], ops.lift(1)
    ops.check(ops.apply("ine", n, ops.lift(0)), "ValueError", "array of sample points is empty")
    same = ops.apply("ieq", n, sizes(ops, fp)[0])
    ops.check(same, "ValueError", "fp and xp are not of the same length.")
    if period is not None and ops.kind(period) != "none":
        x, xp, fp = _periodic(ops, x, xp, fp, period)
        n, left, right = sizes(ops, xp)[0], None, None
    last = ops.apply("isub", n, one)

    def sample(a: Any, i: Any) -> Any:
        return machine(ops, ops.apply("element", a, i))

    def beyond(given: Any, i: Any) -> Any:
        return sample(fp, i) if given is None or ops.kind(given) == "none" else as_kind(ops, given, "np.f64")

    below, above = beyond(left, ops.lift(0)), beyond(right, last)
    first, final = sample(xp, ops.lift(0)), sample(xp, last)

    def compute(ops: Ops, v: Any) -> Any:
        found = ops.apply("isub", ops.apply("bisect", xp, ops.apply("to_f64", v), ops.lift("right")), one)
        i = ops.apply("select", ops.apply("ilt", found, ops.lift(0)), ops.lift(0), found)
        j = ops.apply("select", ops.apply("ilt", i, last), ops.apply("iadd", i, one), last)
        x0, x1, y0, y1 = sample(xp, i), sample(xp, j), sample(fp, i), sample(fp, j)
        width = ops.apply("fsub", x1, x0)
        width = ops.apply("select", ops.apply("feq", width, ops.lift(0.0)), ops.lift(1.0), width)
        slope = ops.apply("fdiv", ops.apply("fsub", y1, y0), width)
        out = ops.apply("fadd", ops.apply("fmul", slope, ops.apply("fsub", v, x0)), y0)
        # where samples are infinite, from the other side, and then as on a line without a slope
        other = ops.apply("fadd", ops.apply("fmul", slope, ops.apply("fsub", v, x1)), y1)
        flat = ops.apply("select", ops.apply("feq", y0, y1), y0, other)
        other = ops.apply("select", ops.apply("isnan", other), flat, other)
        out = ops.apply("select", ops.apply("isnan", out), other, out)
        infinite = ops.apply("not_", ops.apply("isfinite", slope))
        out = ops.apply("select", ops.apply("and_", infinite, ops.apply("feq", v, x0)), y0, out)
        out = ops.apply("select", ops.apply("flt", v, first), below, out)
        out = ops.apply("select", ops.apply("flt", final, v), above, out)
        unknown = ops.apply("select", ops.apply("ieq", n, one), y0, v)  # a single sample is NumPy's answer to nan too
        return ops.apply("select", ops.apply("isnan", v), unknown, out)

    return mapped(ops, ["np.f64"], "np.f64", compute, x)


def _periodic(ops: Ops, x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Places within one period, and the samples of it in order, with one more on either side."""
    p = ops.apply("to_f64", ops.apply("fabs", as_kind(ops, period, "np.f64")))
    ops.check(ops.apply("fne", machine(ops, p), ops.lift(0.0)), "ValueError", "period must be a non-zero value")
    x, xp = (ufunc(ops, "mod", v, p) for v in (x, xp))
    order = ops.operate("np.argsort", xp)
    xp, fp = (take(ops, v, order) for v in (xp, fp))
    none, one = ops.lift(None), ops.lift(1)
    (x0, y0), (x1, y1) = (
        [part_along(ops, v, 0, low, high) for v in (xp, fp)] for low, high in ((none, one), (ops.lift(-1), none))
    )
    return x, joined(ops, [ufunc(ops, "sub", x1, p), xp, ufunc(ops, "add", x0, p)], 0), joined(ops, [y1, fp, y0], 0)
