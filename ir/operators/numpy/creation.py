"""New arrays."""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import NP_I64, Array
from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.operators.arrays import filled, machine_constant, sizes
from tapeless.ir.operators.dtypes import kind_of
from tapeless.ir.operators.elementwise import (
    casted,
    check_shapes,
    common_kind,
    converted,
    element_kind,
    mapped,
    numpy_function,
)
from tapeless.ir.operators.numbers import index, known_int, refuse
from tapeless.ir.operators.ufuncs import as_kind, cast, is_kind, made
from tapeless.ir.primitive import Mismatch, Ops, operator
from tapeless.ir.primitives.arrays import TOO_BIG


def refuse_negative(ops: Ops, size: Any) -> None:
    """A check of the size of a new array."""
    refuse(ops, ops.apply("ilt", size, ops.lift(0)), "ValueError", "negative dimensions are not allowed")


def shape_of(ops: Ops, shape: Any) -> tuple[list[Any], str]:
    """The sizes that an argument `shape` gives, and the dimensions."""
    given = ops.items(shape) if ops.kind(shape) == "tuple" else [shape]
    out = [index(ops, n) for n in given]
    for n in out:
        refuse_negative(ops, n)
    return out, "".join("1" if known_int(ops, n) == 1 else "?" for n in out)


def positions(ops: Ops, a: Any, axis: int) -> Any:
    """The positions along a dimension of an array, to be broadcast with it."""
    return line(ops, sizes(ops, a)[axis], ops.array_type(a).dims, axis)


def line(ops: Ops, size: Any, dims: str, axis: int) -> Any:
    """The positions along a dimension of a size, to be broadcast with arrays of dimensions `dims`."""
    if dims[axis] == "1":
        return filled(ops, ops.lift(0), [], "1" * len(dims), "np.i64")
    own = "".join("?" if d == axis else "1" for d in range(len(dims)))
    along = ops.apply("iota", size)
    return along if own == "?" else ops.make("with_axes", Array(NP_I64, own), along)


def refuse_arguments(ops: Ops, function: str, **given: Any) -> None:
    """Refuse arguments that are not supported."""
    for name, x in given.items():
        if x is not None and ops.kind(x) != "none":
            raise Mismatch(f"the argument `{name}` of {function} is not supported")


def _constant_array(name: str, value: float) -> None:
    def expand(ops: Ops, shape: Any, dtype: Any = None) -> Any:
        kind = kind_of(ops, dtype) or "np.f64"
        return filled(ops, ops.lift(machine_constant(kind, value)), *shape_of(ops, shape), kind)

    def like(ops: Ops, a: Any, dtype: Any = None) -> Any:
        t = ops.array_type(a)
        kind = kind_of(ops, dtype) or t.element.kind
        return filled(ops, ops.lift(machine_constant(kind, value)), sizes(ops, a), t.dims, kind)

    expand.__doc__ = f"np.{name}(shape)."
    like.__doc__ = f"np.{name}_like(a)."
    operator(f"np.{name}", numpy_function(name), keywords=("shape", "dtype"))(expand)
    operator(f"np.{name}_like", numpy_function(name + "_like"), keywords=("a", "dtype"))(like)


_constant_array("zeros", 0.0)
_constant_array("ones", 1.0)
_constant_array("empty", 0.0)


def _values(ops: Ops, x: Any) -> Any:
    """What an array is filled with: a number, or an array, also given as a list."""
    return ops.operate("np.array", x) if ops.kind(x) in ("tuple", "list") else x


def spread_to(ops: Ops, array: Any, shape: Any) -> Any:
    """A new array of a shape, of the elements of one that is broadcast."""
    lengths, dims = shape_of(ops, shape)
    t, kind = ops.array_type(array), element_kind(ops, array)
    if t.rank > len(dims):
        raise Mismatch("input operand has more dimensions than allowed by the axis remapping")
    free = [n for n, d in zip(lengths, dims) if d != "1"]
    whole = ops.make("zeros", Array(t.element, dims), *free)
    check_shapes(ops, [whole, array])
    for n, m in zip(reversed(sizes(ops, array)), reversed(lengths)):
        one, equal = ops.apply("ieq", n, ops.lift(1)), ops.apply("ieq", n, m)
        ops.check(ops.apply("or_", one, equal), "ValueError", "the array cannot be broadcast to this shape")
    return mapped(ops, [kind, kind], kind, lambda ops, _, x: x, whole, array)


@operator("np.full", numpy_function("full"), keywords=("shape", "fill_value", "dtype"))
def full(ops: Ops, shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """np.full(shape, fill_value, dtype=None): of a number, or of an array that is broadcast."""
    value = _values(ops, fill_value)
    wanted = kind_of(ops, dtype)
    value = value if wanted is None else casted(ops, value, wanted)
    if ops.kind(value) == "array":
        return spread_to(ops, value, shape)
    return filled(ops, value, *shape_of(ops, shape), common_kind(ops, value))


@operator("np.full_like", numpy_function("full_like"), keywords=("a", "fill_value", "dtype"))
def full_like(ops: Ops, a: Any, fill_value: Any, dtype: Any = None) -> Any:
    """np.full_like(a, fill_value, dtype=None): of a number, or of an array that is broadcast."""
    t = ops.array_type(a)
    kind = kind_of(ops, dtype) or t.element.kind
    value = casted(ops, _values(ops, fill_value), kind)
    if ops.kind(value) == "array":
        return spread_to(ops, value, ops.tuple(sizes(ops, a)))
    return filled(ops, value, sizes(ops, a), t.dims, kind)


@operator("np.arange", numpy_function("arange"), keywords=("start", "stop", "step", "dtype"))
def arange(ops: Ops, first: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """np.arange(stop), arange(start, stop) or arange(start, stop, step)."""
    wanted = kind_of(ops, dtype)
    if wanted is not None:
        out = arange.expand(ops, first, stop, step)
        if is_kind(wanted, "float") < is_kind(element_kind(ops, out), "float") or wanted == "np.bool":
            raise Mismatch("arange of floats as another type is not supported")
        return casted(ops, out, wanted)
    start, stop = (ops.lift(0), first) if stop is None else (first, stop)
    step = ops.lift(1) if step is None else step
    if any(ops.kind(x) in ELEMENTS and ELEMENTS[ops.kind(x)].size < 8 for x in (start, stop, step)):
        raise Mismatch("arange of narrow scalars of NumPy is not supported: int(n) and float(x) are")
    kind = promoted("np.i64", common_kind(ops, start, stop, step))
    a, b, d = (as_kind(ops, x, kind) for x in (start, stop, step))
    if kind == "np.i64":
        ops.check(ops.apply("ine", d, ops.lift(0)), "ZeroDivisionError", "division by zero")
        count, add, mul = ops.apply("range_length", a, b, d), "iadd", "imul"
    else:
        count, add, mul = _steps(ops, a, b, d), "fadd", "fmul"
        d = ops.apply("fsub", ops.apply("fadd", a, d), a)  # NumPy goes on as from the first to the second

    def at(ops: Ops, i: Any) -> Any:
        return ops.apply(add, a, ops.apply(mul, i, d))

    return mapped(ops, [kind], kind, at, ops.apply("iota", count))


def _steps(ops: Ops, start: Any, stop: Any, step: Any) -> Any:
    """How many floats from start before stop there are."""
    ops.check(ops.apply("fne", step, ops.lift(0.0)), "ZeroDivisionError", "float division by zero")
    length = ops.apply("fceil", ops.apply("fdiv", ops.apply("fsub", stop, start), step))
    refuse(ops, ops.apply("isnan", length), "ValueError", "arange: cannot compute length")
    some = ops.apply("select", ops.apply("flt", ops.lift(0.0), length), length, ops.lift(0.0))
    ops.check(ops.apply("f2i_ok", some), "ValueError", "Maximum allowed size exceeded")
    return ops.apply("f2i", some)


@operator("np.linspace", numpy_function("linspace"), keywords=("start", "stop", "num", "endpoint", "retstep", "dtype"))
def linspace(
    ops: Ops,
    start: Any,
    stop: Any,
    num: Any = None,
    endpoint: Any = None,
    retstep: Any = None,
    dtype: Any = None,
) -> Any:
    """np.linspace(start, stop, num=50, endpoint=True, retstep=False): with retstep the step too, a tuple."""
    for x in (start, stop):
        if ops.kind(x) == "array":
            raise Mismatch("linspace between arrays is not supported")
    own = promoted(common_kind(ops, start, stop), "float")
    kind = kind_of(ops, dtype) or own
    if not is_kind(kind, "float"):
        raise Mismatch("linspace of other elements than floats is not supported")
    n = ops.lift(50) if num is None else index(ops, num)
    refuse(ops, ops.apply("ilt", n, ops.lift(0)), "ValueError", "Number of samples must be non-negative.")
    a, b = as_kind(ops, start, "np.f64"), as_kind(ops, stop, "np.f64")
    to_end = endpoint is None or bool(ops.need_constant(endpoint, "`endpoint`"))
    last = ops.apply("isub", n, ops.lift(1)) if to_end else n
    several = ops.apply("ilt", ops.lift(0), last)
    parts = ops.apply("select", several, last, ops.lift(1))
    step = ops.apply("fdiv", ops.apply("fsub", b, a), ops.apply("i2f", parts))

    def at(ops: Ops, i: Any) -> Any:
        inside = ops.apply("fadd", a, ops.apply("fmul", ops.apply("i2f", i), step))
        end = ops.apply("and_", several, ops.apply("ieq", i, last))
        return ops.apply("select", end, b, inside)

    out = mapped(ops, ["np.i64"], kind, at, ops.apply("iota", n))
    if retstep is None or not ops.need_constant(retstep, "`retstep`"):
        return out
    nan = ops.lift(float("nan"))
    return ops.tuple([out, made(ops, own, ops.apply("select", several, step, nan))])


@operator("np.logspace", numpy_function("logspace"), keywords=("start", "stop", "num", "endpoint", "base", "dtype"))
def logspace(
    ops: Ops, start: Any, stop: Any, num: Any = None, endpoint: Any = None, base: Any = None, dtype: Any = None
) -> Any:
    """np.logspace(start, stop, num=50, endpoint=True, base=10.0): powers of the base."""
    base = ops.lift(10.0) if base is None else base
    if ops.kind(base) == "array":
        raise Mismatch("logspace of several bases is not supported")
    out = ops.operate("np.power", base, linspace.expand(ops, start, stop, num, endpoint))
    wanted = kind_of(ops, dtype)
    return out if wanted is None else casted(ops, out, wanted)


@operator("np.geomspace", numpy_function("geomspace"), keywords=("start", "stop", "num", "endpoint", "dtype"))
def geomspace(ops: Ops, start: Any, stop: Any, num: Any = None, endpoint: Any = None, dtype: Any = None) -> Any:
    """np.geomspace(start, stop, num=50, endpoint=True): each a constant times the one before."""
    if any(ops.kind(x) not in (*WEAK, "np.f64", "np.i64") for x in (start, stop)):
        raise Mismatch("geomspace between other than Python's numbers, float64 and int64 is not supported")
    a, b = (as_kind(ops, x, "np.f64") for x in (start, stop))
    for x in (a, b):
        ops.check(ops.apply("fne", x, ops.lift(0.0)), "ValueError", "Geometric sequence cannot include zero")
    sign = ops.apply("fsign", a)
    a, b = ops.apply("fdiv", a, sign), ops.apply("fdiv", b, sign)
    n = ops.lift(50) if num is None else index(ops, num)
    powers = logspace.expand(ops, *(ops.apply("to_f64", ops.apply("log10", x)) for x in (a, b)), n, endpoint)
    to_end = endpoint is None or bool(ops.need_constant(endpoint, "`endpoint`"))
    last = ops.apply("isub", n, ops.lift(1)) if to_end else n

    def at(ops: Ops, i: Any, x: Any) -> Any:
        x = ops.apply("select", ops.apply("ieq", i, last), b, x)
        return ops.apply("fmul", sign, ops.apply("select", ops.apply("ieq", i, ops.lift(0)), a, x))

    out = mapped(ops, ["np.i64", "np.f64"], "np.f64", at, ops.apply("iota", n), powers)
    wanted = kind_of(ops, dtype)
    return out if wanted is None else casted(ops, out, wanted)


@operator("np.eye", numpy_function("eye"), keywords=("N", "M", "k", "dtype"))
def eye(ops: Ops, n: Any, m: Any = None, k: Any = None, dtype: Any = None) -> Any:
    """np.eye(N, M=None, k=0)."""
    kind, rows = kind_of(ops, dtype) or "np.f64", index(ops, n)
    columns = rows if m is None or ops.kind(m) == "none" else index(ops, m)
    above = ops.lift(0) if k is None else index(ops, k)
    for size in (rows, columns):
        refuse_negative(ops, size)
    eight = ops.lift(8)
    bytes_fit = ops.apply("imul_ok", ops.apply("imul", rows, eight), columns)
    fits = ops.apply("and_", ops.apply("imul_ok", rows, eight), bytes_fit)
    ops.check(fits, "ValueError", TOO_BIG)  # before there are as many ints as rows
    column = ops.make("with_axes", Array(NP_I64, "?1"), ops.apply("iota", rows))

    def at(ops: Ops, i: Any, j: Any) -> Any:
        return cast(ops, ops.apply("ieq", ops.apply("iadd", i, above), j), kind)

    return mapped(ops, ["np.i64", "np.i64"], kind, at, column, ops.apply("iota", columns))


@operator("np.identity", numpy_function("identity"), keywords=("n", "dtype"))
def identity(ops: Ops, n: Any, dtype: Any = None) -> Any:
    """np.identity(n)."""
    return eye.expand(ops, n, dtype=dtype)


@operator("np.copy", numpy_function("copy"), keywords=("a",))
def copy(ops: Ops, a: Any) -> Any:
    """np.copy(a)."""
    return converted(ops, a, ops.array_type(a).element.kind)
