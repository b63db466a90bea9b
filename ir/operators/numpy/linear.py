"""numpy.linalg: systems of equations, determinants, factorizations of matrices."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import Any

from tapeless.ir.abstract import NP_F64, Array
from tapeless.ir.operators.arrays import index_array, sizes, transposed
from tapeless.ir.operators.elementwise import casted, converted, element_kind, numpy_function
from tapeless.ir.operators.iteration import known_items
from tapeless.ir.operators.numpy.arranging import need_arrays
from tapeless.ir.operators.numpy.creation import eye
from tapeless.ir.operators.numpy.products import product
from tapeless.ir.operators.numpy.shapes import joined
from tapeless.ir.operators.ufuncs import made
from tapeless.ir.primitive import Mismatch, Ops, operator


def matrix_of(ops: Ops, name: str, a: Any) -> Any:
    """A matrix of floats."""
    if ops.kind(a) != "array":
        raise Mismatch(f"{name} of what is no array is not supported")
    rank = ops.array_type(a).rank
    if rank < 2:
        message = f"{rank}-dimensional array given. Array must be at least two-dimensional"
        return ops.raise_("LinAlgError", message)
    if rank > 2:
        raise Mismatch(f"{name} of arrays of more than two dimensions is not supported yet")
    return ops.plain(a if element_kind(ops, a) == "np.f64" else converted(ops, a, "np.f64"))


def rounded(ops: Ops, x: Any, *given: Any) -> Any:
    """A result in single precision, where all that was given is: as NumPy, after computing in double precision."""
    single = all(element_kind(ops, a) == "np.f32" for a in given)
    return casted(ops, x, "np.f32") if single else x


def _square(ops: Ops, name: str, a: Any) -> Any:
    a = matrix_of(ops, name, a)
    n, m = sizes(ops, a)
    ops.check(ops.apply("ieq", n, m), "LinAlgError", "Last 2 dimensions of the array must be square")
    return a


def _factors(ops: Ops, a: Any) -> list[Any]:
    """The arguments that what is solved with a matrix takes, which is checked not to be singular."""
    factors, pivots, info = ops.items(ops.apply("lu", a))
    ops.check(ops.apply("ieq", info, ops.lift(0)), "LinAlgError", "Singular matrix")
    return [a, factors, pivots]


@operator("np.linalg.solve", numpy_function("linalg.solve"), keywords=("a", "b"))
def solve(ops: Ops, a: Any, b: Any) -> Any:
    """np.linalg.solve(a, b) of a matrix, and a vector or matrix."""
    given, a = (a, b), _square(ops, "solve", a)
    if ops.kind(b) != "array" or ops.array_type(b).rank > 2:
        raise Mismatch("the right side of solve must be a vector or a matrix")
    b = ops.plain(b if element_kind(ops, b) == "np.f64" else converted(ops, b, "np.f64"))
    equal = ops.apply("ieq", sizes(ops, a)[0], sizes(ops, b)[0])
    name, right = ("solve1", "m") if ops.array_type(b).rank == 1 else ("solve", "m,n")
    message = (
        f"{name}: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
        f"(m,m),({right})->({right}) (size {{}} is different from {{}})"
    )
    ops.check(equal, "ValueError", message, sizes(ops, b)[0], sizes(ops, a)[0])
    t = ops.array_type(b)
    if t.rank == 2:
        rows = ops.apply("lu_solve", *_factors(ops, a), transposed(ops, b), ops.lift("N"))
        return rounded(ops, transposed(ops, rows), *given)
    row = ops.make("with_axes", Array(NP_F64, "1" + t.dims, t.packed), b)
    out = ops.apply("lu_solve", *_factors(ops, a), row, ops.lift("N"))
    return rounded(ops, ops.make("with_axes", Array(NP_F64, t.dims), out), *given)


@operator("np.linalg.inv", numpy_function("linalg.inv"), keywords=("a",))
def inv(ops: Ops, a: Any) -> Any:
    """np.linalg.inv(a)."""
    given, a = a, _square(ops, "inv", a)
    one = eye.expand(ops, sizes(ops, a)[0])
    return rounded(ops, transposed(ops, ops.apply("lu_solve", *_factors(ops, a), one, ops.lift("N"))), given)


def _determinant(ops: Ops, name: str, a: Any) -> tuple[Any, Any]:
    a = _square(ops, name, a)
    factors, pivots, _ = ops.items(ops.apply("lu", a))
    sign, log = ops.items(ops.apply("lu_det", a, factors, pivots))
    return sign, log


@operator("np.linalg.slogdet", numpy_function("linalg.slogdet"), keywords=("a",))
def slogdet(ops: Ops, a: Any) -> Any:
    """np.linalg.slogdet(a): sign and logarithm of the determinant, a tuple."""
    return ops.tuple([rounded(ops, made(ops, "np.f64", x), a) for x in _determinant(ops, "slogdet", a)])


@operator("np.linalg.det", numpy_function("linalg.det"), keywords=("a",))
def det(ops: Ops, a: Any) -> Any:
    """np.linalg.det(a)."""
    sign, log = _determinant(ops, "det", a)
    return rounded(ops, made(ops, "np.f64", ops.apply("fmul", sign, ops.apply("exp", log))), a)


@operator("np.linalg.cholesky", numpy_function("linalg.cholesky"), keywords=("a",))
def cholesky(ops: Ops, a: Any) -> Any:
    """np.linalg.cholesky(a)."""
    low, info = ops.items(ops.apply("cholesky", _square(ops, "cholesky", a)))
    ops.check(ops.apply("ieq", info, ops.lift(0)), "LinAlgError", "Matrix is not positive definite")
    return rounded(ops, low, a)


@operator("np.linalg.eigh", numpy_function("linalg.eigh"), keywords=("a",))
def eigh(ops: Ops, a: Any) -> Any:
    """np.linalg.eigh(a): eigenvalues and eigenvectors, a tuple."""
    values, vectors, info = ops.items(ops.apply("eigh", _square(ops, "eigh", a)))
    ops.check(ops.apply("ieq", info, ops.lift(0)), "LinAlgError", "Eigenvalues did not converge")
    return ops.tuple([rounded(ops, x, a) for x in (values, vectors)])


@operator("np.linalg.eigvalsh", numpy_function("linalg.eigvalsh"), keywords=("a",))
def eigvalsh(ops: Ops, a: Any) -> Any:
    """np.linalg.eigvalsh(a)."""
    return ops.items(ops.operate("np.linalg.eigh", a))[0]


@operator("np.linalg.qr", numpy_function("linalg.qr"), keywords=("a", "mode"))
def qr(ops: Ops, a: Any, mode: Any = None) -> Any:
    """np.linalg.qr(a): reduced, a tuple; of a wide matrix the first columns are factored, and the others follow."""
    if mode is not None and ops.constant(mode) not in ("reduced", "r"):
        raise Mismatch("only the modes 'reduced' and 'r' of qr are supported")
    given, a = a, matrix_of(ops, "qr", a)
    m, n = sizes(ops, a)
    k, none = ops.apply("select", ops.apply("ilt", m, n), m, n), ops.lift(None)
    every = ops.record("slice", (none, none, none))
    first = index_array(ops, a, ops.tuple([every, ops.record("slice", (none, k, none))]))
    others = index_array(ops, a, ops.tuple([every, ops.record("slice", (k, none, none))]))
    q, r = ops.items(ops.apply("qr", first))
    r = joined(ops, [r, product(ops, transposed(ops, q), others)], 1)
    q, r = (rounded(ops, x, given) for x in (q, r))
    return r if mode is not None and ops.constant(mode) == "r" else ops.tuple([q, r])


@operator("np.linalg.multi_dot", numpy_function("linalg.multi_dot"), keywords=("arrays",))
def multi_dot(ops: Ops, arrays: Any) -> Any:
    """np.linalg.multi_dot(arrays): multiplied from the left or from the right, whichever is less work."""
    parts = known_items(ops, arrays)
    need_arrays(ops, "multi_dot", *parts)
    if len(parts) < 2:
        return ops.raise_("ValueError", "Expecting at least two arrays.")
    if len(parts) == 2:
        return ops.operate("np.dot", *parts)
    ranks = [ops.array_type(x).rank for x in parts]
    if any(r != 2 for r in ranks[1:-1]) or not {ranks[0], ranks[-1]} <= {1, 2}:
        return ops.raise_("LinAlgError", "Array must be two-dimensional")
    inner = [sizes(ops, x)[0] for x in parts[1:]]
    ends = [ops.lift(1) if ranks[k] == 1 else sizes(ops, parts[k])[k] for k in (0, -1)]

    def cost(end: Any, lengths: list[Any]) -> Any:
        out = ops.lift(0)
        for n, m in pairwise(lengths):
            out = ops.apply("iadd", out, ops.apply("imul", end, ops.apply("imul", n, m)))
        return out

    def from_left() -> Any:
        return reduce(lambda x, y: product(ops, x, y), parts)

    def from_right() -> Any:
        return reduce(lambda x, y: product(ops, y, x), reversed(parts))

    left, right = cost(ends[0], [*inner, ends[1]]), cost(ends[1], [ends[0], *inner])
    return ops.branch(ops.apply("ile", left, right), from_left, from_right)
