"""Statistics: medians and quantiles, which are elements of what is sorted, weighted averages, covariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.ir.abstract import SCALARS, Array
from tapeless.ir.elements import WEAK
from tapeless.ir.operators.arrays import at_position, filled, sizes, transposed
from tapeless.ir.operators.elementwise import (
    casted,
    common_kind,
    converted,
    element_kind,
    mapped,
    numpy_function,
    ufunc,
)
from tapeless.ir.operators.numbers import index
from tapeless.ir.operators.numpy.arranging import with_dims
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import refuse_arguments
from tapeless.ir.operators.numpy.products import count
from tapeless.ir.operators.numpy.reductions import axes_of, known_flag, mean, real_kind, summed
from tapeless.ir.operators.numpy.shapes import joined, reshaped
from tapeless.ir.operators.ufuncs import as_kind, is_kind, machine, made
from tapeless.ir.primitive import Mismatch, Ops, operator


# -- of what is sorted ------------------------------------------------------------------------------------------------
def _in_order(ops: Ops, a: Any, axes: list[int]) -> Any:
    """An array sorted along its last dimension, which has the elements of some dimensions."""
    rank = ops.array_type(a).rank
    if not axes:
        raise Mismatch("at least one axis is needed")
    rest = [d for d in range(rank) if d not in axes]
    order = rest + axes
    a = a if order == list(range(rank)) else transposed(ops, a, order)
    if len(axes) > 1:
        lengths = sizes(ops, a)
        a = reshaped(ops, a, [*lengths[: len(rest)], count(ops, lengths[len(rest) :])])
    return ops.operate("np.sort", a)


def _with_axes(ops: Ops, x: Any, axes: list[int], rank: int) -> Any:
    """What is left of an array of `rank` dimensions, with dimensions of size 1 for those that are gone."""
    if ops.kind(x) != "array":
        kind = ops.kind(x)
        return ops.make("filled", Array(SCALARS[kind], "1" * rank), x)
    rest = iter(ops.array_type(x).dims)
    return with_dims(ops, x, "".join("1" if d in axes else next(rest) for d in range(rank)))


def _nan_where_last_is(ops: Ops, out: Any, last: Any) -> Any:
    """The result of what has no nan; a nan is sorted to the end."""
    own, kind = element_kind(ops, last), element_kind(ops, out)
    if not is_kind(own, "float"):
        return out

    def compute(ops: Ops, x: Any, top: Any) -> Any:
        return ops.apply("select", ops.apply("isnan", top), top, x)

    return mapped(ops, [kind, kind], kind, compute, out, last)


def _or_nan(ops: Ops, ordered: Any, kind: str, compute: Callable[[], Any]) -> Any:
    """What is computed along the last dimension; nan where that has no elements."""
    dims, lengths = ops.array_type(ordered).dims, sizes(ops, ordered)
    if dims[-1] != "?":
        return compute()

    def nothing() -> Any:
        nan = ops.lift(float("nan"))
        return filled(ops, nan, lengths[:-1], dims[:-1], kind) if len(dims) > 1 else made(ops, kind, nan)

    return ops.branch(ops.apply("ieq", lengths[-1], ops.lift(0)), nothing, compute)


@operator("np.median", numpy_function("median"), keywords=("a", "axis", "out", "overwrite_input", "keepdims"))
def median(
    ops: Ops, a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, keepdims: Any = None
) -> Any:
    """np.median(a, axis=None, keepdims=False)."""
    refuse_arguments(ops, "median", out=out, overwrite_input=overwrite_input)
    a = ops.plain(as_array(ops, a))
    rank, kind = ops.array_type(a).rank, real_kind(ops, a)
    axes = axes_of(ops, axis, rank)
    ordered = _in_order(ops, a, axes)
    d, n, one = ops.array_type(ordered).rank - 1, sizes(ops, ordered)[-1], ops.lift(1)
    last, two = ops.apply("isub", n, one), ops.lift(2)
    odd = ops.apply("ieq", ops.apply("imod", n, two), one)

    def middle() -> Any:
        places = (ops.apply("ifloordiv", last, two), ops.apply("ifloordiv", n, two))
        low, high = (converted(ops, at_position(ops, ordered, i, d), kind) for i in places)
        between = ufunc(ops, "div", ufunc(ops, "add", low, high), ops.lift(2.0))
        # of an odd number the one in the middle itself, as the sum may overflow
        x = mapped(ops, [kind] * 2, kind, lambda ops, x, y: ops.apply("select", odd, x, y), high, between)
        return _nan_where_last_is(ops, x, at_position(ops, ordered, last, d))

    x = _or_nan(ops, ordered, kind, middle)
    return _with_axes(ops, x, axes, rank) if known_flag(ops, keepdims) else x


def _quantile(ops: Ops, name: str, a: Any, q: Any, axis: Any, method: Any, keepdims: Any) -> Any:
    """A quantile, between the elements next to its position; or one for each of a known number of q."""
    if method is not None and ops.need_constant(method, "the method of a quantile") != "linear":
        raise Mismatch(f"only the method 'linear' of {name} is supported")
    a = ops.plain(as_array(ops, a))
    if ops.kind(q) in ("tuple", "list") and (ops.kind(q) == "tuple" or ops.known_list(q)) and ops.items(q):
        kind = common_kind(ops, *ops.items(q))
        several = [made(ops, kind, as_kind(ops, p, kind)) for p in ops.items(q)]
        parts = ops.tuple([_quantile(ops, name, a, p, axis, method, keepdims) for p in several])
        return ops.operate("np.array" if ops.kind(ops.items(parts)[0]) != "array" else "np.stack", parts)
    if ops.kind(q) not in ("int", "float", "np.i64", "np.f64"):
        raise Mismatch(
            f"{name} at an object of type '{ops.describe(q)}' is not supported: numbers, and lists of them, are"
        )
    weak, limits = ops.kind(q) in WEAK, "[0, 1]"
    if name == "percentile":
        limits = "[0, 100]"
        q = ufunc(ops, "div", q, ops.lift(100))
    whole = is_kind(common_kind(ops, q), "int")
    at = machine(ops, q)
    le, zero, unit = ("ile", ops.lift(0), ops.lift(1)) if whole else ("fle", ops.lift(0.0), ops.lift(1.0))
    inside = ops.apply("and_", ops.apply(le, zero, at), ops.apply(le, at, unit))
    ops.check(inside, "ValueError", f"{name.capitalize()}s must be in the range {limits}")

    rank = ops.array_type(a).rank
    axes = axes_of(ops, axis, rank)
    ordered = _in_order(ops, a, axes)
    d, n = ops.array_type(ordered).rank - 1, sizes(ops, ordered)[-1]
    ops.check(ops.apply("ine", n, ops.lift(0)), "IndexError", f"{name} of an axis with size 0")
    last = ops.apply("isub", n, ops.lift(1))
    if whole:  # the first or the last
        x = at_position(ops, ordered, ops.apply("imul", last, at), d)
    else:
        place = ops.apply("fmul", ops.apply("i2f", last), at)
        before = ops.apply("f2i", ops.apply("ffloor", place))
        after = ops.apply("iadd", before, ops.lift(1))
        after = ops.apply("select", ops.apply("ilt", last, after), last, after)
        t = ops.apply("fsub", place, ops.apply("i2f", before))
        x, y = (at_position(ops, ordered, i, d) for i in (before, after))
        x = _between(ops, x, y, t, weak)
    x = _nan_where_last_is(ops, x, at_position(ops, ordered, last, d))
    return _with_axes(ops, x, axes, rank) if known_flag(ops, keepdims) else x


def _between(ops: Ops, a: Any, b: Any, t: Any, weak: bool) -> Any:
    """(1 - t) a + t b, from the nearer end, as NumPy computes it. `t` is of double precision, unless it is weak."""
    step, rest = ufunc(ops, "sub", b, a), ops.apply("fsub", ops.lift(1.0), t)
    near, t, rest = (ops.apply("fle", ops.lift(0.5), t), *(x if weak else made(ops, "np.f64", x) for x in (t, rest)))
    below = ufunc(ops, "add", a, ufunc(ops, "mul", step, t))
    above = ufunc(ops, "sub", b, ufunc(ops, "mul", step, rest))
    kind = element_kind(ops, below)
    return mapped(ops, [kind] * 2, kind, lambda ops, x, y: ops.apply("select", near, y, x), below, above)


def _quantile_function(name: str) -> None:
    def expand(
        ops: Ops,
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: Any = None,
        method: Any = None,
        keepdims: Any = None,
    ) -> Any:
        refuse_arguments(ops, name, out=out, overwrite_input=overwrite_input)
        return _quantile(ops, name, a, q, axis, method, keepdims)

    expand.__doc__ = f"np.{name}(a, q, axis=None, method='linear', keepdims=False): at a number q, or a list of them."
    keywords = ("a", "q", "axis", "out", "overwrite_input", "method", "keepdims")
    operator(f"np.{name}", numpy_function(name), keywords=keywords)(expand)


_quantile_function("quantile")
_quantile_function("percentile")


# -- averages and covariances -----------------------------------------------------------------------------------------
@operator("np.average", numpy_function("average"), keywords=("a", "axis", "weights", "returned", "keepdims"))
def average(ops: Ops, a: Any, axis: Any = None, weights: Any = None, returned: Any = None, keepdims: Any = None) -> Any:
    """np.average(a, axis=None, weights=None, returned=False, keepdims=False)."""
    a = ops.plain(as_array(ops, a))
    if weights is None or ops.kind(weights) == "none":
        out = mean.expand(ops, a, axis, keepdims=keepdims)
        axes, lengths = axes_of(ops, axis, ops.array_type(a).rank), sizes(ops, a)
        number = count(ops, [lengths[d] for d in axes])
        results = count(ops, [n for d, n in enumerate(lengths) if d not in axes])
        ops.check(ops.apply("ine", results, ops.lift(0)), "ZeroDivisionError", "division by zero")
        total = made(ops, kind := element_kind(ops, out), as_kind(ops, number, kind))
    else:
        w = _aligned(ops, ops.plain(as_array(ops, weights)), a, axis)
        kind = common_kind(ops, a, w)
        kind = kind if is_kind(element_kind(ops, a), "float") and is_kind(kind, "float") else "np.f64"
        a, w = (x if element_kind(ops, x) == kind else casted(ops, x, kind) for x in (a, w))
        total = summed(ops, w, axis, keepdims, kind)
        some = ops.operate("np.all", ufunc(ops, "ne", total, ops.lift(0.0)))
        ops.check(machine(ops, some), "ZeroDivisionError", "Weights sum to zero, can't be normalized")
        out = ufunc(ops, "div", summed(ops, ufunc(ops, "mul", a, w), axis, keepdims, kind), total)
    if not known_flag(ops, returned):
        return out
    return ops.tuple([out, mapped(ops, [kind] * 2, kind, lambda ops, x, y: y, out, total)])


def _aligned(ops: Ops, w: Any, a: Any, axis: Any) -> Any:
    """Weights with the dimensions of an array: those of all elements, or of those along an axis."""
    rank, lengths = ops.array_type(a).rank, sizes(ops, a)
    everywhere = axis is None or ops.kind(axis) == "none"
    if ops.array_type(w).rank == rank:
        axes, dims = list(range(rank)), ops.array_type(w).dims
    elif everywhere:
        raise Mismatch("Axis must be specified when shapes of a and weights differ.")
    else:
        axes = axes_of(ops, axis, rank)
        if ops.kind(axis) == "tuple" and [int(ops.constant(k)) % rank for k in ops.items(axis)] != axes:
            raise Mismatch("weights along axes that are not in order are not supported")
        if ops.array_type(w).rank != len(axes):
            return ops.raise_("ValueError", "Shape of weights must be consistent with shape of a along specified axis.")
        own = iter(ops.array_type(w).dims)
        dims = "".join(next(own) if d in axes else "1" for d in range(rank))
    for n, d in zip(sizes(ops, w), axes):
        kind = "TypeError" if everywhere else "ValueError"
        message = "Shape of weights must be consistent with shape of a along specified axis."
        ops.check(ops.apply("ieq", n, lengths[d]), kind, message)
    return with_dims(ops, w, dims)


def _variables(ops: Ops, name: str, m: Any, y: Any, rowvar: Any) -> Any:
    """A matrix of doubles with a row for each variable, of which there are two or more."""
    rows = []
    for x in (m, y):
        if x is None or ops.kind(x) == "none":
            continue
        x = ops.plain(as_array(ops, x))
        x = x if element_kind(ops, x) == "np.f64" else casted(ops, x, "np.f64")
        rank = ops.array_type(x).rank
        if rank > 2:
            raise Mismatch(f"{name} of an array of more than 2 dimensions")
        if rank == 2 and rowvar is not None and not ops.need_constant(rowvar, "`rowvar`"):
            x = transposed(ops, x)
        rows.append(with_dims(ops, x, "1" + ops.array_type(x).dims) if rank == 1 else x)
    message = f"{name} of one variable is not supported: its result has no dimensions"
    if [ops.array_type(x).dims[0] for x in rows] == ["1"]:
        raise Mismatch(message)
    x = joined(ops, rows, 0) if len(rows) > 1 else rows[0]
    if ops.array_type(x).dims[0] == "?":
        ops.check(ops.apply("ilt", ops.lift(1), sizes(ops, x)[0]), "ValueError", message)
    return x


@operator("np.cov", numpy_function("cov"), keywords=("m", "y", "rowvar", "bias", "ddof"))
def cov(ops: Ops, m: Any, y: Any = None, rowvar: Any = None, bias: Any = None, ddof: Any = None) -> Any:
    """np.cov(m, y=None, rowvar=True, bias=False, ddof=None) of two or more variables."""
    x = _variables(ops, "cov", m, y, rowvar)
    if ddof is None or ops.kind(ddof) == "none":
        ddof = ops.lift(int(bias is None or not ops.need_constant(bias, "`bias`")))
    x = ufunc(ops, "sub", x, mean.expand(ops, x, ops.lift(1), keepdims=ops.lift(True)))
    freedom = ops.apply("isub", sizes(ops, x)[1], index(ops, ddof))
    freedom = ops.apply("select", ops.apply("ilt", freedom, ops.lift(0)), ops.lift(0), freedom)
    factor = ufunc(ops, "div", ops.lift(1.0), ops.apply("i2f", freedom))
    return ufunc(ops, "mul", ops.operate("np.matmul", x, transposed(ops, x)), factor)


@operator("np.corrcoef", numpy_function("corrcoef"), keywords=("x", "y", "rowvar"))
def corrcoef(ops: Ops, x: Any, y: Any = None, rowvar: Any = None) -> Any:
    """np.corrcoef(x, y=None, rowvar=True) of two or more variables."""
    c = cov.expand(ops, x, y, rowvar)
    deviation = ops.operate("np.sqrt", ops.operate("np.diagonal", c))
    column = with_dims(ops, deviation, ops.array_type(deviation).dims + "1")
    c = ufunc(ops, "div", ufunc(ops, "div", c, column), deviation)
    return ops.operate("np.clip", c, ops.lift(-1.0), ops.lift(1.0))
