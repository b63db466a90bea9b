"""Polynomials and what multiplies them: convolve and correlate, polyval, vander."""

from __future__ import annotations

from typing import Any

from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.operators.arrays import at_position, filled, machine_constant, sizes
from tapeless.ir.operators.elementwise import casted, common_kind, element_kind, mapped, numpy_function
from tapeless.ir.operators.numbers import index
from tapeless.ir.operators.numpy.arranging import with_dims
from tapeless.ir.operators.numpy.collections import as_array
from tapeless.ir.operators.numpy.creation import line, refuse_negative
from tapeless.ir.operators.numpy.products import sum_of
from tapeless.ir.operators.numpy.scans import running_product
from tapeless.ir.operators.numpy.shapes import part_along, reshaped
from tapeless.ir.operators.ufuncs import RULES, machine
from tapeless.ir.primitive import Mismatch, Ops, operator


# -- sums of products, shifted ----------------------------------------------------------------------------------------
def _vector(ops: Ops, x: Any, what: str) -> Any:
    """A vector that is not empty, in C order, of a size that is only known at run time."""
    x = ops.plain(as_array(ops, x))
    if ops.array_type(x).rank != 1:
        return ops.raise_("ValueError", "object too deep for desired array")
    ops.check(ops.apply("ine", sizes(ops, x)[0], ops.lift(0)), "ValueError", f"{what} cannot be empty")
    return reshaped(ops, x, sizes(ops, x))


def _mode(ops: Ops, mode: Any, default: str) -> str:
    known = default if mode is None else ops.need_constant(mode, "the mode")
    if known not in ("full", "same", "valid"):
        raise Mismatch(f"the mode {known!r} is not supported: 'full', 'same' and 'valid' are")
    return str(known)


def _shifted_products(ops: Ops, a: Any, v: Any, mode: str, late: bool) -> Any:
    """out[k] = sum of a[k - j] v[j] over j, or the part of it where as many terms as the mode says are inside.

    Of `same` that is the middle; where there are two, `late` says that it is the later one if v is longer.
    """
    kind = common_kind(ops, a, v)
    a, v = (x if element_kind(ops, x) == kind else casted(ops, x, kind) for x in (a, v))
    n, m = (sizes(ops, x)[0] for x in (a, v))
    wider = ops.apply("ilt", n, m)
    long, short = ops.items(ops.branch(wider, lambda: ops.tuple([v, a]), lambda: ops.tuple([a, v])))
    n, m = (sizes(ops, x)[0] for x in (long, short))
    one, two = ops.lift(1), ops.lift(2)
    before = ops.apply("isub", m, one)  # how many places there are where the shorter one begins outside
    if mode == "full":
        first, count = ops.lift(0), ops.apply("iadd", n, before)
    elif mode == "valid":
        first, count = before, ops.apply("isub", n, before)
    else:
        half, count = ops.apply("ifloordiv", before, two), n
        first = ops.apply("select", wider, ops.apply("ifloordiv", m, two), half) if late else half
    zero = ops.lift(machine_constant(kind, 0))

    def term(ops: Ops, k: Any, j: Any, y: Any) -> Any:
        i = ops.apply("isub", ops.apply("iadd", k, first), j)
        inside = ops.apply("and_", ops.apply("ile", ops.lift(0), i), ops.apply("ilt", i, n))
        x = ops.apply("element", long, ops.apply("select", inside, i, ops.lift(0)))
        product = RULES["mul"][ELEMENTS[kind].machine][0](ops, machine(ops, x), y)
        return ops.apply("select", inside, product, zero)

    places, terms = line(ops, count, "??", 0), line(ops, m, "??", 1)
    return sum_of(ops, mapped(ops, ["np.i64", "np.i64", kind], kind, term, places, terms, short), [1], kind)


@operator("np.convolve", numpy_function("convolve"), keywords=("a", "v", "mode"))
def convolve(ops: Ops, a: Any, v: Any, mode: Any = None) -> Any:
    """np.convolve(a, v, mode='full') of vectors."""
    return _shifted_products(ops, _vector(ops, a, "a"), _vector(ops, v, "v"), _mode(ops, mode, "full"), False)


@operator("np.correlate", numpy_function("correlate"), keywords=("a", "v", "mode"))
def correlate(ops: Ops, a: Any, v: Any, mode: Any = None) -> Any:
    """np.correlate(a, v, mode='valid') of vectors."""
    a, v = (_vector(ops, x, f"{n} array argument") for x, n in ((a, "first"), (v, "second")))
    none = ops.lift(None)
    turned = part_along(ops, v, 0, none, none, ops.lift(-1))
    turned = reshaped(ops, turned, sizes(ops, v))
    return _shifted_products(ops, a, turned, _mode(ops, mode, "valid"), True)


# -- powers -----------------------------------------------------------------------------------------------------------
@operator("np.polyval", numpy_function("polyval"), keywords=("p", "x"))
def polyval(ops: Ops, p: Any, x: Any) -> Any:
    """np.polyval(p, x): the polynomial with coefficients p, that of the highest power first; by Horner's rule."""
    p = ops.plain(as_array(ops, p))
    if ops.array_type(p).rank != 1:
        raise Mismatch("the coefficients of polyval have to be a vector")
    if ops.kind(x) in ("tuple", "list", "array"):
        x = ops.plain(as_array(ops, x))
    own = element_kind(ops, x)
    own = WEAK.get(own, own)
    kind = promoted(element_kind(ops, p), own)
    if kind == "np.bool":
        raise Mismatch("polyval of bools is not supported")
    n, scalar = sizes(ops, p)[0], ops.kind(x) != "array"
    if own != kind:  # NumPy's answer would be of the elements of x
        ops.check(ops.apply("ine", n, ops.lift(0)), "ValueError", "polyval of no coefficients is not supported")
    if scalar:
        x = filled(ops, x, [ops.lift(1)], "1", own)
    # y[i] = p[i] + x * y[i - 1] along the first dimension
    dims = ops.array_type(x).dims
    rows = with_dims(ops, p, ops.array_type(p).dims + "1" * len(dims))
    at, lengths = line(ops, n, ops.array_type(rows).dims, 0), sizes(ops, x)
    multiply, add = (RULES[r][ELEMENTS[kind].machine][0] for r in ("mul", "add"))

    def start(ops: Ops, c: Any, v: Any, i: Any) -> Any:
        nothing = multiply(ops, v, ops.lift(machine_constant(kind, 0)))  # nan where x is infinite
        return ops.apply("select", ops.apply("ieq", i, ops.lift(0)), add(ops, c, nothing), c)

    first = mapped(ops, [kind, kind, "np.i64"], kind, start, rows, x, at)
    factor = mapped(ops, [kind, kind], kind, lambda ops, c, v: v, rows, x)

    def nothing() -> Any:
        return filled(ops, ops.lift(machine_constant(kind, 0)), lengths, dims, kind)

    def computed() -> Any:
        return at_position(ops, ops.apply("recur", first, factor, ops.lift("0+")), ops.apply("isub", n, ops.lift(1)))

    out = ops.branch(ops.apply("ieq", n, ops.lift(0)), nothing, computed)
    return ops.apply("element", out, ops.lift(0)) if scalar else out


@operator("np.vander", numpy_function("vander"), keywords=("x", "N", "increasing"))
def vander(ops: Ops, x: Any, n: Any = None, increasing: Any = None) -> Any:
    """np.vander(x, N=None, increasing=False): a column for each power."""
    x = ops.plain(as_array(ops, x))
    if ops.array_type(x).rank != 1:
        return ops.raise_("ValueError", "x must be a one-dimensional array or sequence.")
    columns = sizes(ops, x)[0] if n is None or ops.kind(n) == "none" else index(ops, n)
    refuse_negative(ops, columns)
    kind = promoted(element_kind(ops, x), "np.i64")
    one = ops.lift(machine_constant(kind, 1))

    def factor(ops: Ops, v: Any, j: Any) -> Any:
        return ops.apply("select", ops.apply("ieq", j, ops.lift(0)), one, v)

    column = with_dims(ops, x, ops.array_type(x).dims + "1")
    factors = mapped(ops, [kind, "np.i64"], kind, factor, column, line(ops, columns, "??", 1))
    powers, none = running_product(ops, factors, 1), ops.lift(None)
    rising = increasing is not None and bool(ops.need_constant(increasing, "`increasing`"))
    return powers if rising else part_along(ops, powers, 1, none, none, ops.lift(-1))
