"""What repeats or extends arrays, over shapes and layouts against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(2)
V, M = RNG.standard_normal(4), RNG.standard_normal((3, 4))
ARRAYS = [V, V[::-1], V[:1], np.arange(3), M, M.T, M[:, ::2], M[:, :0], M > 0]

CASES = [
    lambda x: np.tile(x, 2),
    lambda x: np.tile(x, (2, 1, 3)),
    lambda x: np.repeat(x, 3),
    lambda x: np.repeat(x, 2, axis=-1),
    lambda x: np.repeat(x, 0, axis=0),
    lambda x: tuple(np.meshgrid(x, x[:2])),
    lambda x: tuple(np.meshgrid(x[:1], x, x, indexing="ij")),
    lambda x: np.pad(x, 2),
    lambda x: np.pad(x, (1, 2), constant_values=3),
    lambda x: np.pad(x, ((1, 0),) if x.ndim == 1 else ((1, 0), (2, 3))),
    lambda x: np.pad(x, 3, mode="edge"),
    lambda x: np.pad(x, 5, mode="reflect"),
    lambda x: np.pad(x, (3, 1), "wrap"),
    lambda x: np.diff(x, axis=0),
    lambda x: np.diff(x, n=2),
    lambda x: np.roll(x, (1, 2), (0, -1)),
    lambda x: np.flip(x, (0, -1)) if x.ndim == 2 else np.flip(x, (0,)),
    lambda x: np.repeat(x, np.arange(x.size) % 3),
    lambda x: np.repeat(x, [2, 0, 1], axis=0),
    lambda x: x.repeat([3], axis=-1),
    lambda x: np.repeat(x, x.ravel() > 0),
    lambda x: np.repeat(x, (x[0] > 0).astype(np.uint8), axis=1) if x.ndim == 2 else np.repeat(x, x.shape),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_in_numpy(case):
    compiled = tl.jit(CASES[case])
    for x in ARRAYS:
        expected = outcome(CASES[case], (x,))
        expected = expected.copy() if isinstance(expected, np.ndarray) else expected
        same(outcome(compiled, (x,)), expected)


@pytest.mark.parametrize("case", [0, 1, 3, 8, 10, 11, 12, 14, 15, 17, 19])
def test_derivatives(case):
    made = CASES[case]

    def f(x):
        out = made(x)
        return np.sum(out * out * out)

    for x in (V, M):
        derived(f, x)


def derived(f, x):
    np.testing.assert_allclose(tl.grad(f)(x), differences(f, (x,), 0), rtol=1e-5, atol=1e-6)


def test_derivative_of_meshgrid():
    def f(x):
        a, b = np.meshgrid(x, x[1:], indexing="ij")
        return np.sum(a * a * b)

    derived(f, V)
