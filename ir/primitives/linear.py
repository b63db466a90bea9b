"""Factorizations of matrices, and what is solved by them. Each row of a right side is one: `b` and the result are rows.

What NumPy's own routines compute stands in `evaluate`. Factors of `lu` are not for reading: only what takes them with
their matrix has a derivative, and that is by the matrix.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import FLOAT, INT, NP_F64, NP_I64, Array, Tuple, Type
from tapeless.ir.primitive import primitive
from tapeless.ir.primitives.arrays import numpy


def _matrix(a: Type) -> Array:
    assert isinstance(a, Array) and a.rank == 2 and a.element == NP_F64
    return Array(NP_F64, a.dims)


def _lu(a: Any) -> Any:
    try:
        numpy().linalg.inv(a)
        info = 0
    except numpy().linalg.LinAlgError:
        info = 1
    return a.copy(), numpy().zeros(len(a), int), info


def _solve(a: Any, b: Any) -> Any:
    try:
        return numpy().ascontiguousarray(numpy().linalg.solve(a, b.T).T)
    except numpy().linalg.LinAlgError:
        return numpy().full(b.shape, numpy().nan)


def _cholesky(a: Any) -> Any:
    try:
        return numpy().linalg.cholesky(a), 0
    except numpy().linalg.LinAlgError:
        return numpy().tril(a), 1


def _qr(a: Type) -> Tuple:
    t = _matrix(a)
    return Tuple((t, Array(NP_F64, t.dims[1] * 2)))


lu = primitive(
    "lu",
    doc="lu(a): the factors of a square matrix, its pivots, and an int: not 0 where it is singular.",
    result=lambda a: Tuple((_matrix(a), Array(NP_I64, "?"), INT)),
    evaluate=_lu,
    buffers="new",
)
lu_solve = primitive(
    "lu_solve",
    doc="lu_solve(a, factors, pivots, b, 'N'): the rows x with a x = b for each row b; 'T': with a.T x = b.",
    result=lambda a, factors, pivots, b, how: _matrix(b),
    evaluate=lambda a, factors, pivots, b, how: _solve(a if how == "N" else a.T, b),
    buffers="new",
)
lu_det = primitive(
    "lu_det",
    doc="lu_det(a, factors, pivots): the sign of the determinant, and the logarithm of its size.",
    result=Tuple((FLOAT, FLOAT)),
    evaluate=lambda a, factors, pivots: tuple(map(float, numpy().linalg.slogdet(a))),
    once=True,
)
cholesky = primitive(
    "cholesky",
    doc="cholesky(a): the lower factor of a positive definite matrix, of which only the lower triangle is read, and an"
    " int: not 0 where it is not positive definite.",
    result=lambda a: Tuple((_matrix(a), INT)),
    evaluate=_cholesky,
    buffers="new",
)
tri_solve = primitive(
    "tri_solve",
    doc="tri_solve(l, b, 'N'): the rows x with l x = b for each row b, of a lower triangular l; 'T': with l.T x = b.",
    result=lambda l, b, how: _matrix(b),
    evaluate=lambda l, b, how: _solve(numpy().tril(l) if how == "N" else numpy().tril(l).T, b),
    buffers="new",
)
eigh = primitive(
    "eigh",
    doc="eigh(a): the eigenvalues of a symmetric matrix, of which only the lower triangle is read, in ascending order;"
    " its eigenvectors, the columns of a matrix; and an int: not 0 where they were not found.",
    result=lambda a: Tuple((Array(NP_F64, _matrix(a).dims[0]), _matrix(a), INT)),
    evaluate=lambda a: (*numpy().linalg.eigh(a), 0),
    buffers="new",
)
qr = primitive(
    "qr",
    doc="qr(a): of a matrix that has no more columns than rows, orthogonal columns and the upper factor.",
    result=_qr,
    evaluate=lambda a: tuple(numpy().linalg.qr(a)),
    buffers="new",
)
