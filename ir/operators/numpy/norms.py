"""Norms of vectors and of matrices."""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import axes_in
from tapeless.ir.operators.elementwise import casted, element_kind, numpy_function, ufunc
from tapeless.ir.operators.numbers import refuse
from tapeless.ir.operators.numpy.arranging import need_arrays
from tapeless.ir.operators.numpy.reductions import known_flag, real_kind, summed
from tapeless.ir.primitive import UNKNOWN, Mismatch, Ops, operator

INFINITY = float("inf")


@operator("np.linalg.norm", numpy_function("linalg.norm"), keywords=("x", "ord", "axis", "keepdims"))
def norm(ops: Ops, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = None) -> Any:
    """np.linalg.norm(x, ord=None, axis=None, keepdims=False): of vectors any order, of matrices 'fro', 1 and inf."""
    if ops.kind(x) != "array" and ord is None and axis is None:
        return ops.operate("np.sqrt", ufunc(ops, "mul", x, x))
    need_arrays(ops, "norm", x)
    rank, kind = ops.array_type(x).rank, real_kind(ops, x)
    x = x if element_kind(ops, x) == kind else casted(ops, x, kind)
    default = ord is None or ops.kind(ord) == "none"
    every = axis is None or ops.kind(axis) == "none"
    axes = list(range(rank)) if every else axes_in(ops, axis, rank)
    if default and (every or len(axes) <= 2):
        return _root_of_squares(ops, x, axes, keepdims)
    if len(axes) == 1:
        return _of_vectors(ops, x, ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrices(ops, x, ord, axes, keepdims)
    raise Mismatch("Improper number of dimensions to norm.")


def _reduced(ops: Ops, how: str, a: Any, axes: list[int], keepdims: Any) -> Any:
    """The sum, or the greatest or least, over dimensions; of no sizes the greatest is 0."""
    over = ops.tuple([ops.lift(d) for d in axes])
    if how == "min":
        return ops.operate("np.min", a, over, ops.lift(None), ops.lift(False) if keepdims is None else keepdims)
    out = summed(ops, a, over, keepdims, element_kind(ops, a), how)
    return out if how == "sum" else ufunc(ops, "maximum", out, ops.lift(0.0))


def _root_of_squares(ops: Ops, x: Any, axes: list[int], keepdims: Any) -> Any:
    return ops.operate("np.sqrt", _reduced(ops, "sum", ufunc(ops, "mul", x, x), axes, keepdims))


def _known_order(ops: Ops, order: Any) -> Any:
    """The order of a norm where it is known; None for a float that is not, as `np.inf`, which is read at each call."""
    if ops.kind(order) == "float" and ops.constant(order) is UNKNOWN:
        return None
    return ops.need_constant(order, "the order of a norm")


def _of_vectors(ops: Ops, x: Any, order: Any, axes: list[int], keepdims: Any) -> Any:
    known, size = _known_order(ops, order), ufunc(ops, "abs", x)

    def reduce(how: str, a: Any = size) -> Any:
        return _reduced(ops, how, a, axes, keepdims)

    def powers(p: Any) -> Any:
        return ops.operate("pow", reduce("sum", ops.operate("pow", size, p)), ops.apply("fdiv", ops.lift(1.0), p))

    if isinstance(known, str):
        raise Mismatch(f"Invalid norm order '{known}' for vectors")
    match known:
        case None:
            refuse(ops, ops.apply("feq", order, ops.lift(0.0)), "ValueError", "norms of order 0 need a known order")
            infinite, positive = ops.apply("isinf", order), ops.apply("flt", ops.lift(0.0), order)
            return ops.branch(
                infinite,
                lambda: ops.branch(positive, lambda: reduce("max"), lambda: reduce("min")),
                lambda: powers(order),
            )
        case 2:
            return _root_of_squares(ops, x, axes, keepdims)
        case 0:
            return reduce("sum", casted(ops, ufunc(ops, "ne", x, ops.lift(0.0)), element_kind(ops, x)))
        case 1:
            return reduce("sum")
    return reduce("max" if known > 0 else "min") if abs(known) == INFINITY else powers(ops.lift(float(known)))


def _of_matrices(ops: Ops, x: Any, order: Any, axes: list[int], keepdims: Any) -> Any:
    known = _known_order(ops, order)
    if known == "fro":
        return _root_of_squares(ops, x, axes, keepdims)
    if known not in (None, 1, -1, INFINITY, -INFINITY):
        raise Mismatch(f"the norm of order {known!r} of a matrix is not supported")
    size = ufunc(ops, "abs", x)

    def extreme(how: str, inside: int, outside: int) -> Any:
        sums = _reduced(ops, "sum", size, [inside], ops.lift(True))
        out = _reduced(ops, how, sums, [outside], ops.lift(True))
        if known_flag(ops, keepdims):
            return out
        return _reduced(ops, "sum", out, axes, keepdims)  # over dimensions of size 1

    if known is not None:
        return extreme("max" if known > 0 else "min", *(axes if abs(known) == 1 else axes[::-1]))
    ops.check(ops.apply("isinf", order), "ValueError", "Invalid norm order for matrices.")
    positive = ops.apply("flt", ops.lift(0.0), order)
    return ops.branch(positive, lambda: extreme("max", *axes[::-1]), lambda: extreme("min", *axes[::-1]))
