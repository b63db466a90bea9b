"""Functions that arrange, join and cut arrays: over shapes and layouts against NumPy; derivatives."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(11)
V, M, T = RNG.standard_normal(4), RNG.standard_normal((4, 4)), RNG.standard_normal((4, 2, 4))
VECTORS = [V, V[::-1], np.repeat(V, 2)[::2], V[:0], np.arange(4)]
MATRICES = [M, M.T, M[:, ::2], M[:0], np.arange(8).reshape(4, 2), M > 0]

ANY = [
    lambda x: np.expand_dims(x, 0),
    lambda x: np.expand_dims(x, (0, -1)),
    lambda x: np.atleast_1d(x) + 0,
    lambda x: np.atleast_2d(x),
    lambda x: x.flatten(),
    lambda x: np.vstack((x, x)),
    lambda x: np.hstack((x, x[1:], x)) if x.ndim == 1 else np.hstack((x, x[:, 1:])),
    lambda x: np.dstack((x, x)),
    lambda x: np.column_stack((x, x)),
    lambda x: np.broadcast_to(x, (3, 4, 4)),
    lambda x: np.broadcast_to(x[:1], (5, 4)),
    lambda x: np.split(x, 2)[1],
    lambda x: np.split(x, 2, axis=-1)[0],
    lambda x: np.split(x, 3)[0],
    lambda x: np.vdot(x, x),
    lambda x: np.inner(x, x),
    lambda x: np.inner(x, 2),
]
OF_MATRICES = [
    lambda x: np.swapaxes(x, 0, 1),
    lambda x: x.swapaxes(-1, -2),
    lambda x: np.moveaxis(x, 0, -1),
    lambda x: np.moveaxis(x, (0, 1), (1, 0)),
    lambda x: np.tril(x),
    lambda x: np.triu(x, 1),
    lambda x: np.tril(x, k=-1),
    lambda x: np.column_stack((x[:, 0], x)),
    lambda x: np.vstack((x[0], x)),
    lambda x: np.roll(x, 1, axis=0),
    lambda x: np.roll(x, -3, axis=-1),
    lambda x: np.roll(x, 2),
    lambda x: np.outer(x, x[:1]),
    lambda x: np.squeeze(x[:1], axis=0),
    lambda x: np.squeeze(x[None, :, 1:2], axis=(0, 2)),
    lambda x: np.squeeze(x, axis=1),
]


@pytest.mark.parametrize("case", range(len(ANY)))
def test_any(case):
    for x in (*VECTORS, *MATRICES, T):
        if x.dtype != bool or case < 14:
            checked(ANY[case], x)


def checked(f, x):
    """As in NumPy; what the types tell to be wrong is refused where NumPy raises."""
    expected = outcome(f, (x,))
    try:
        found = outcome(tl.jit(f), (x,))
    except tl.InferenceError:
        assert isinstance(expected, Exception) or x.ndim > 2, expected
        return
    same(np.array(found) if isinstance(found, np.ndarray) else found, copied(expected))


def copied(x):
    return x.copy() if isinstance(x, np.ndarray) else x


@pytest.mark.parametrize("case", range(len(OF_MATRICES)))
def test_of_matrices(case):
    for x in (*MATRICES, T):
        checked(OF_MATRICES[case], x)


DERIVED = [
    lambda x: np.sum(np.vstack((x, x[0] * 2.0)) ** 2),
    lambda x: np.sum(np.hstack((x, x[:, :1])) ** 3),
    lambda x: np.sum(np.tril(x) @ np.triu(x, 1)),
    lambda x: np.sum(np.broadcast_to(x[0], (3, 4)) * x[1:]),
    lambda x: np.sum(np.split(x, 2)[1] * np.split(x, 2)[0]),
    lambda x: np.vdot(x, x.T) + np.sum(np.inner(x, x)),
    lambda x: np.sum(np.moveaxis(x, 0, 1) * x) + np.sum(x.flatten()[1:] * x.flatten()[:-1]),
    lambda x: np.sum(np.roll(x, 1, axis=1) * x) + np.sum(np.outer(x, x[1]) ** 2),
    lambda x: np.sum(np.dstack((x, x * x)) * np.expand_dims(x, 2)),
]


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    for x in (M, M.T):
        found = tl.grad(DERIVED[case])(x)
        np.testing.assert_allclose(found, differences(DERIVED[case], (x,), 0), rtol=1e-6, atol=1e-7)
