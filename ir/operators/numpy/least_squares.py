"""numpy.linalg.lstsq: what solves a system best, of a matrix of full rank.

A tall matrix is q r, and r x = q.T b; of a wide one the transpose is, and x = q y with r.T y = b. The singular values
are those of r: the eigenvalues of [[0, r], [r.T, 0]] are these and their negatives, as exact as NumPy's; those of
r.T r would have lost half of the digits.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import filled, sizes, transposed
from tapeless.ir.operators.elementwise import converted, element_kind, numpy_function, ufunc
from tapeless.ir.operators.numpy.arranging import need_arrays, with_dims
from tapeless.ir.operators.numpy.linear import matrix_of, rounded
from tapeless.ir.operators.numpy.products import product
from tapeless.ir.operators.numpy.reductions import summed
from tapeless.ir.operators.numpy.shapes import part_along, reshaped
from tapeless.ir.operators.ufuncs import as_kind, machine, made
from tapeless.ir.primitive import Mismatch, Ops, operator

EPSILON = 2.0**-52


@operator("np.linalg.lstsq", numpy_function("linalg.lstsq"), keywords=("a", "b", "rcond"))
def lstsq(ops: Ops, a: Any, b: Any, rcond: Any = None) -> Any:
    """np.linalg.lstsq(a, b, rcond=None) of full rank: solution, residuals, rank and singular values, a tuple."""
    need_arrays(ops, "lstsq", a, b)
    given = a, b
    a, rank = matrix_of(ops, "lstsq", a), ops.array_type(b).rank
    if rank > 2:
        raise Mismatch("the right side of lstsq must be a vector or a matrix")
    b = ops.plain(b if element_kind(ops, b) == "np.f64" else converted(ops, b, "np.f64"))
    b = with_dims(ops, b, ops.array_type(b).dims + "1") if rank == 1 else b
    (m, n), (rows, columns) = sizes(ops, a), sizes(ops, b)
    ops.check(ops.apply("ieq", m, rows), "LinAlgError", "Incompatible dimensions")
    wide = ops.apply("ilt", m, n)
    least, most = ops.apply("select", wide, m, n), ops.apply("select", wide, n, m)

    def of_wide() -> Any:
        q, r = ops.items(ops.apply("qr", transposed(ops, a)))
        y = transposed(ops, ops.apply("tri_solve", transposed(ops, r), transposed(ops, b), ops.lift("N")))
        return ops.tuple([reshaped(ops, product(ops, q, y), [n, columns]), reshaped(ops, r, [m, m])])

    def of_tall() -> Any:
        q, r = ops.items(ops.apply("qr", a))
        y = product(ops, transposed(ops, b), q)
        x = transposed(ops, ops.apply("tri_solve", transposed(ops, r), y, ops.lift("T")))
        return ops.tuple([reshaped(ops, x, [n, columns]), reshaped(ops, r, [n, n])])

    x, r = ops.items(ops.branch(wide, of_wide, of_tall))
    values = _singular_values(ops, r, least)
    found = _rank(ops, values, most, rcond)
    message = "lstsq of a matrix that has not full rank is not supported"
    ops.check(ops.apply("ieq", found, least), "LinAlgError", message)
    beside = ufunc(ops, "sub", b, product(ops, a, x))
    squares = summed(ops, ufunc(ops, "mul", beside, beside), ops.lift(0), None, "np.f64")
    kept = ops.apply("select", ops.apply("ilt", n, m), columns, ops.lift(0))  # NumPy has none of what is solved
    squares = part_along(ops, squares, 0, ops.lift(None), kept)
    x = x if rank == 2 else reshaped(ops, x, [n])
    x, squares, values = (rounded(ops, v, *given) for v in (x, squares, values))
    return ops.tuple([x, squares, made(ops, "np.i32", found), values])


def _singular_values(ops: Ops, r: Any, k: Any) -> Any:
    """The singular values of a matrix of k rows and columns, the greatest first."""
    whole, zero, one = ops.apply("iadd", k, k), ops.lift(0), ops.lift(1)
    both = filled(ops, ops.lift(0.0), [whole, whole], "??", "np.f64")
    both = ops.apply("put_window", both, r, zero, one, k, one)
    both = ops.apply("put_window", both, transposed(ops, r), k, one, zero, one)
    found, _, info = ops.items(ops.apply("eigh", both))
    ops.check(ops.apply("ieq", info, zero), "LinAlgError", "SVD did not converge in Linear Least Squares")
    none = ops.lift(None)
    return part_along(ops, part_along(ops, found, 0, k, none), 0, none, none, ops.lift(-1))


def _rank(ops: Ops, values: Any, size: Any, rcond: Any) -> Any:
    """How many singular values are more than a part of the greatest, an int."""
    default = ops.apply("fmul", ops.lift(EPSILON), ops.apply("i2f", size))
    if rcond is not None and ops.kind(rcond) != "none":
        given = as_kind(ops, rcond, "np.f64")
        default = ops.apply("select", ops.apply("flt", given, ops.lift(0.0)), ops.lift(EPSILON), given)
    top = machine(ops, summed(ops, values, None, None, "np.f64", "max"))
    large = ufunc(ops, "lt", ops.apply("fmul", top, default), values)
    return machine(ops, summed(ops, large, None, None, "np.i64"))
