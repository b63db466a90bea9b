"""Diagonals, norms, and `dtype` of reductions against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(9)
V, M, T = RNG.standard_normal(3), RNG.standard_normal((3, 4)), RNG.standard_normal((2, 3, 4))
VECTORS = [V, V[::-1], V[:0], np.arange(4), np.array([True, False]), V[:1]]
MATRICES = [M, M.T, M[:, ::2], M[:0], np.arange(6).reshape(3, 2), M > 0, M[:1], T]

OF_VECTORS = [
    lambda x: np.diag(x),
    lambda x: np.diag(x, 1),
    lambda x: np.diag(x, k=-2),
    lambda x: np.linalg.norm(x),
    lambda x: np.linalg.norm(x, 1),
    lambda x: np.linalg.norm(x, 2),
    lambda x: np.linalg.norm(x, 0),
    lambda x: np.linalg.norm(x, 3),
    lambda x: np.linalg.norm(x, ord=np.inf, keepdims=True),
    lambda x: np.linalg.norm(x, -np.inf),
    lambda x: np.linalg.norm(x, axis=0),
]
OF_MATRICES = [
    lambda x: np.diag(x),
    lambda x: np.diag(x, 1),
    lambda x: np.diag(x, -1),
    lambda x: np.diag(x, 9),
    lambda x: np.diagonal(x),
    lambda x: x.diagonal(1, axis1=1, axis2=0),
    lambda x: np.diagonal(x, axis1=-1, axis2=0),
    lambda x: np.trace(x),
    lambda x: x.trace(offset=-1),
    lambda x: np.linalg.norm(x, axis=1),
    lambda x: np.linalg.norm(x, 1, axis=-1, keepdims=True),
    lambda x: np.linalg.norm(x, "fro", axis=(0, 1)),
    lambda x: np.linalg.norm(x, np.inf, axis=(0, 1)),
    lambda x: np.linalg.norm(x, 1, axis=(1, 0), keepdims=True),
    lambda x: np.linalg.norm(x, keepdims=True),
    lambda x: np.linalg.norm(x, -1) if x.ndim == 2 else np.linalg.norm(x),
    lambda x: np.sum(x, dtype=np.float32),
    lambda x: np.sum(x, axis=0, dtype=int),
    lambda x: x.sum(0, dtype="float64"),
    lambda x: np.mean(x, dtype=np.float64),
    lambda x: np.prod(x, axis=-1, dtype=np.int32),
    lambda x: np.cumsum(x, axis=1, dtype=np.float64),
    lambda x: np.asarray(x, dtype=np.float32) + np.array(x, dtype=np.int64),
    lambda x: np.array([x[:, 0], x[:, 1]], dtype=np.float32),
]


def checked(f, xs):
    compiled = tl.jit(f)
    for x in xs:
        expected = outcome(f, (x,))
        single = getattr(expected, "dtype", None) == np.float32
        try:
            found = outcome(compiled, (x,))
        except tl.InferenceError:
            assert isinstance(expected, Exception), expected
            continue
        expected = expected.copy() if isinstance(expected, np.ndarray) else expected
        same(found, expected, *((1e-6, 1e-5) if single else ()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", range(len(OF_VECTORS)))
def test_of_vectors(case):
    checked(OF_VECTORS[case], VECTORS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", range(len(OF_MATRICES)))
def test_of_matrices(case):
    checked(OF_MATRICES[case], MATRICES)


DERIVED = [
    (lambda x: np.sum(np.diag(x, 1) ** 3) + np.sum(np.diag(x) @ x), V),
    (lambda x: np.sum(np.diagonal(x, 1) ** 3) + np.trace(x @ x.T) + np.sum(np.diag(x)), M),
    (lambda x: np.sum(np.diagonal(x, axis1=0, axis2=2) ** 3), T),
    (lambda x: np.linalg.norm(x) + np.linalg.norm(x, 1) + np.linalg.norm(x, 3) * np.linalg.norm(x, np.inf), V),
    (lambda x: np.sum(np.linalg.norm(x, axis=1)) + np.linalg.norm(x, np.inf) * np.linalg.norm(x, "fro"), M),
    (lambda x: np.sum(x, axis=0, dtype=np.float64) @ np.mean(x, 0, dtype=np.float64), M),
]


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f, x = DERIVED[case]
    np.testing.assert_allclose(tl.grad(f)(x), differences(f, (x,), 0), rtol=1e-6, atol=1e-7)
