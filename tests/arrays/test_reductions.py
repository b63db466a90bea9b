"""Reductions, running sums and products, searches: over axes, kinds, shapes and layouts against NumPy; derivatives."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
RNG = np.random.default_rng(7)
V, M, T = RNG.standard_normal(5), RNG.standard_normal((3, 4)), RNG.standard_normal((2, 3, 4))
K = np.array([[2, -1, 3], [0, 3, 3]])
ZEROS = np.array([[1.5, 0.0, -2.0], [0.0, 0.0, 3.0], [1.0, 2.0, 0.5]])

ALL = [
    lambda x: np.sum(x), lambda x: np.prod(x), lambda x: x.any(), lambda x: np.all(x), lambda x: np.count_nonzero(x),
    lambda x: np.argmax(x), lambda x: x.argmin(), lambda x: np.cumsum(x), lambda x: x.cumprod(), lambda x: np.mean(x),
    lambda x: np.sum(x, keepdims=True), lambda x: np.prod(x, keepdims=True), lambda x: x.any(keepdims=True),
]  # fmt: skip
NUMBERS = [
    lambda x: np.ptp(x), lambda x: np.max(x), lambda x: x.min(keepdims=True), lambda x: np.var(x), lambda x: x.std(),
    lambda x: np.var(x, ddof=1), lambda x: np.var(x, ddof=100),
]  # fmt: skip
ALONG = [
    lambda x: np.sum(x, axis=1), lambda x: np.prod(x, axis=0), lambda x: x.prod(axis=-1, keepdims=True),
    lambda x: x.any(axis=0), lambda x: np.all(x, 1, keepdims=True), lambda x: np.count_nonzero(x, axis=1),
    lambda x: np.argmax(x, axis=0), lambda x: x.argmin(1), lambda x: x.argmax(axis=1, keepdims=True),
    lambda x: np.cumsum(x, axis=0), lambda x: x.cumsum(1), lambda x: np.cumprod(x, axis=-1),
    lambda x: x.cumprod(axis=0),
    lambda x: x.sum(axis=(0, 1)), lambda x: np.prod(x, axis=(0, 1)), lambda x: x.mean(axis=(1, 0), keepdims=True),
]  # fmt: skip
NUMBERS_ALONG = [
    lambda x: np.ptp(x, axis=0), lambda x: np.max(x, 1), lambda x: x.var(axis=(0, 1)),
    lambda x: x.std(0, keepdims=True),
]  # fmt: skip
ARRAYS = [V, V[::-2], V[:1], V[:0], M, M.T, M[:, ::2], M[:0], M[:, :0], M[:1], M[:, :1], T, T[:, ::-1, 1:], K, K > 0,
          np.array([1.0, np.nan, 3.0, np.nan]), np.array([-0.0, 2.0])]  # fmt: skip


FUNCTIONS = [(f, None, True) for f in ALL] + [(f, None, False) for f in NUMBERS]
FUNCTIONS += [(f, 2, True) for f in ALONG] + [(f, 2, False) for f in NUMBERS_ALONG]


@pytest.mark.parametrize("case", range(len(FUNCTIONS)))
def test_as_in_numpy(case):
    f, rank, of_bools = FUNCTIONS[case]
    compiled = tl.jit(f)
    for a in ARRAYS:
        if a.ndim >= (rank or 1) and (of_bools or a.dtype != bool):
            same(outcome(compiled, (a,)), outcome(f, (a,)), 1e-13)


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda x: x.sum(axis=(0, 0)), "duplicate"),
        (lambda x: x.sum(axis=2), "out of bounds"),
        (lambda x: x.prod(initial=2.0), "initial"),
        (lambda x: x.cumsum(axis=(0, 1)), "one int"),
        (lambda x: np.ptp(x > 0), "not supported"),
    ],
)
def test_refused(f, message):
    with pytest.raises(tl.TapelessError, match=message):
        tl.jit(f)(M)


DERIVED = [
    lambda x: np.sum(np.cumsum(x) ** 2), lambda x: np.sum(np.cumprod(x) * np.cumsum(x)), lambda x: np.prod(x) * x.sum(),
    lambda x: np.ptp(x) * np.mean(x), lambda x: x[np.argmax(x)] * np.var(x),
]  # fmt: skip
DERIVED_ALONG = [
    lambda x: np.sum(np.cumsum(x, axis=0) ** 3), lambda x: np.sum(np.sin(np.cumsum(x, axis=1)) * x),
    lambda x: np.sum(np.cumprod(x, axis=0) ** 2), lambda x: np.sum(np.cumprod(x, axis=1) * x),
    lambda x: np.sum(x.prod(axis=0) ** 2), lambda x: np.sum(np.exp(x.prod(axis=-1, keepdims=True)) * x),
    lambda x: np.sum(np.var(x, axis=(0, 1), keepdims=True) * x), lambda x: np.prod(x, axis=(0, 1)) ** 2,
    lambda x: np.sum(x.max(keepdims=True) * x),
]  # fmt: skip
POINTS = [(f, a) for a in (V, V[:1], V[:0]) for f in DERIVED if a.size or f not in DERIVED[3:]]
POINTS += [(f, a) for a in (M.T, ZEROS, M[:1]) for f in DERIVED[:3] + DERIVED_ALONG]


@pytest.mark.parametrize("case", range(len(POINTS)))
def test_derivatives(case):
    """Of first and second order; where factors are zero, too."""
    f, a = POINTS[case]
    gradient = tl.grad(f)
    np.testing.assert_allclose(gradient(a), differences(f, (a,), 0), rtol=1e-6, atol=1e-7)
    weights = np.cos(np.arange(a.size)).reshape(a.shape)
    second = tl.grad(lambda x: np.sum(tl.grad(f)(x) * weights))(a)
    expected = differences(lambda x: np.sum(gradient(x) * weights), (a,), 0)
    np.testing.assert_allclose(second, expected, rtol=1e-5, atol=1e-6)
