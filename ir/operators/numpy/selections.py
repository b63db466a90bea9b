"""What arrays are searched and compared for, and chosen by: any, all, argmax, argmin, ptp, array_equal, select."""

from __future__ import annotations

from typing import Any

from tapeless.ir.elements import WEAK
from tapeless.ir.operators.arrays import sizes
from tapeless.ir.operators.elementwise import common_kind, converted, element_kind, mapped, numpy_function, ufunc
from tapeless.ir.operators.iteration import known_items
from tapeless.ir.operators.numbers import either
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import positions, refuse_arguments
from tapeless.ir.operators.numpy.reductions import axes_of, summed
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import is_kind
from tapeless.ir.primitive import Mismatch, Ops, operator


def _number_of(ops: Ops, a: Any, axis: Any, keepdims: Any, counted: bool) -> Any:
    """How many elements count as true (or as false) along some dimensions."""
    own = element_kind(ops, a)

    def test(ops: Ops, x: Any) -> Any:
        truth = ops.operate("truth", x)
        return ops.apply("b2i", truth if counted else ops.apply("not_", truth))

    return summed(ops, mapped(ops, [WEAK.get(own, own)], "np.i64", test, a), axis, keepdims, "np.i64")


def _quantifier(name: str, counted: bool, relation: str) -> None:
    """any: some element counts as true. all: none counts as false."""

    def expand(ops: Ops, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        if ops.kind(a) != "array":
            return ops.apply("to_bool", ops.operate("truth", a))
        return ufunc(ops, relation, _number_of(ops, a, axis, keepdims, counted), ops.lift(0))

    expand.__doc__ = f"np.{name}(a, axis=None, keepdims=False)."
    operator(f"np.{name}", numpy_function(name), keywords=("a", "axis", "out", "keepdims"))(expand)


_quantifier("any", True, "ne")
_quantifier("all", False, "eq")


@operator("np.count_nonzero", numpy_function("count_nonzero"), keywords=("a", "axis", "keepdims"))
def count_nonzero(ops: Ops, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """np.count_nonzero(a, axis=None, keepdims=False)."""
    if ops.kind(a) != "array":
        return ops.apply("to_i64", ops.apply("b2i", ops.operate("truth", a)))
    return _number_of(ops, a, axis, keepdims, True)


def _position_of(name: str, how: str) -> None:
    """The first position of the greatest (or least) element, or of a nan."""

    def expand(ops: Ops, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
        refuse_arguments(ops, name, out=out)
        if ops.kind(a) != "array":
            raise Mismatch(f"{name} of a scalar is not supported")
        if element_kind(ops, a) == "np.bool":
            a = converted(ops, a, "np.i64")
        if axis is None or ops.kind(axis) == "none":
            if keepdims is not None:
                raise Mismatch(f"`keepdims` of {name} needs an axis")
            a, axis = reshaped(ops, a, [ops.lift(-1)]), ops.lift(0)
        if ops.kind(axis) == "tuple":
            raise Mismatch(f"the axis of {name} is one int")
        kind, (d,) = element_kind(ops, a), axes_of(ops, axis, ops.array_type(a).rank)
        n = sizes(ops, a)[d]
        ops.check(ops.apply("ine", n, ops.lift(0)), "ValueError", f"attempt to get {name} of an empty sequence")
        extreme = summed(ops, a, axis, ops.lift(True), kind, how)

        def here(ops: Ops, x: Any, best: Any, i: Any) -> Any:
            if is_kind(kind, "int"):
                found = ops.apply("ieq", x, best)
            else:
                found = either(ops, ops.apply("feq", x, best), ops.apply("isnan", x))
            return ops.apply("select", found, i, n)

        at = mapped(ops, [kind, kind, "np.i64"], "np.i64", here, a, extreme, positions(ops, a, d))
        return summed(ops, at, axis, keepdims, "np.i64", "min")

    expand.__doc__ = f"np.{name}(a, axis=None, keepdims=False)."
    operator(f"np.{name}", numpy_function(name), keywords=("a", "axis", "out", "keepdims"))(expand)


_position_of("argmax", "max")
_position_of("argmin", "min")


@operator("np.ptp", numpy_function("ptp"), keywords=("a", "axis", "out", "keepdims"))
def ptp(ops: Ops, a: Any, axis: Any = None, out: Any = None, keepdims: Any = None) -> Any:
    """np.ptp(a, axis=None, keepdims=False): from the least to the greatest."""
    refuse_arguments(ops, "ptp", out=out)
    given = (axis if axis is not None else ops.lift(None), ops.lift(None))
    keep = [] if keepdims is None else [keepdims]
    return ufunc(ops, "sub", ops.operate("np.max", a, *given, *keep), ops.operate("np.min", a, *given, *keep))


@operator("np.array_equal", numpy_function("array_equal"), keywords=("a1", "a2", "equal_nan"))
def array_equal(ops: Ops, a1: Any, a2: Any, equal_nan: Any = None) -> Any:
    """np.array_equal(a1, a2, equal_nan=False): whether sizes and elements are equal, a bool of Python."""
    a, b = (ops.plain(as_array(ops, x)) if ops.kind(x) in ("array", "tuple", "list") else x for x in (a1, a2))
    ranks = [ops.array_type(x).rank if ops.kind(x) == "array" else 0 for x in (a, b)]
    if ranks[0] != ranks[1]:
        return ops.lift(False)
    nans = equal_nan is not None and bool(ops.need_constant(equal_nan, "`equal_nan`"))

    def elements() -> Any:
        equal = ufunc(ops, "eq", a, b)
        if nans:
            both = ufunc(ops, "bitand", *(ops.operate("np.isnan", x) for x in (a, b)))
            equal = ufunc(ops, "bitor", equal, both)
        return ops.operate("bool", ops.operate("np.all", equal))

    same = ops.lift(True)
    for n, m in zip(*(sizes(ops, x) if ops.kind(x) == "array" else [] for x in (a, b))):
        same = ops.apply("and_", same, ops.apply("ieq", n, m))
    return ops.branch(same, elements, lambda: ops.lift(False))


@operator("np.select", numpy_function("select"), keywords=("condlist", "choicelist", "default"))
def select(ops: Ops, condlist: Any, choicelist: Any, default: Any = None) -> Any:
    """np.select(condlist, choicelist, default=0): that of the first condition that holds; of known lists."""
    conditions, choices = known_items(ops, condlist), known_items(ops, choicelist)
    if len(conditions) != len(choices):
        return ops.raise_("ValueError", "list of cases must be same length as list of conditions")
    if not conditions:
        return ops.raise_("ValueError", "select with an empty condition list is not possible")
    if any(element_kind(ops, c) not in ("bool", "np.bool") for c in conditions):
        raise Mismatch("invalid entry in condlist: should be boolean ndarray")
    if all(ops.kind(x) != "array" for x in (*conditions, *choices)):
        raise Mismatch("select of scalars is an array without dimensions, which is not supported")
    values = [*choices, ops.lift(0) if default is None else default]
    kind, count = common_kind(ops, *values), len(conditions)

    def first(ops: Ops, *xs: Any) -> Any:
        out = xs[-1]
        for c, x in zip(reversed(xs[:count]), reversed(xs[count:-1])):
            out = ops.apply("select", c, x, out)
        return out

    return mapped(ops, ["np.bool"] * count + [kind] * (count + 1), kind, first, *conditions, *values)
