"""Medians, quantiles, averages, covariances, sums without nan: against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
RNG = np.random.default_rng(7)
V, M = RNG.standard_normal(7), RNG.standard_normal((4, 6))
WITH_NAN = np.where(RNG.random((4, 6)) < 0.4, np.nan, M)
WITH_NAN[1] = np.nan
BOOLS = M > 0
ARRAYS = [
    V, V[:6], V[::-2], V[:0], V.astype(np.float32), np.arange(6, dtype=np.int8) * 21, BOOLS[0],
    M, M.T, M[:, ::2], M[:, :0], M[:0], (M * 9).astype(np.int64), WITH_NAN, np.array([np.inf, -np.inf, 1.0, np.inf]),
]  # fmt: skip
OF_ONE = [
    lambda x: np.median(x), lambda x: np.median(x, axis=0), lambda x: np.median(x, axis=-1, keepdims=True),
    lambda x: np.median(x, keepdims=True),
    lambda x: np.quantile(x, 0.3), lambda x: np.quantile(x, 0.75, axis=0), lambda x: np.percentile(x, 40, axis=-1),
    lambda x: np.percentile(x, 99.5, axis=-1, keepdims=True), lambda x: np.quantile(x, 1),
    lambda x: np.quantile(x, [0.1, 0.9]),
    lambda x: np.percentile(x, (25, 50, 75), axis=-1), lambda x: np.quantile(x, np.float64(0.5), axis=-1),
    lambda x: np.average(x), lambda x: np.average(x, axis=0), lambda x: np.average(x, axis=-1, keepdims=True),
    lambda x: np.average(x, returned=True), lambda x: np.average(x, 0, returned=True),
    lambda x: np.nansum(x), lambda x: np.nansum(x, axis=0), lambda x: np.nansum(x, -1, keepdims=True),
    lambda x: np.nanmean(x), lambda x: np.nanmean(x, axis=0), lambda x: np.nanmean(x, -1, keepdims=True),
    lambda x: np.nanmax(x), lambda x: np.nanmin(x), lambda x: np.nanmax(x, axis=0),
    lambda x: np.nanmin(x, -1, keepdims=True),
    lambda x: np.nanprod(x), lambda x: np.nanprod(x, axis=0), lambda x: np.nansum(x, dtype=np.float64),
]  # fmt: skip


def tolerance(x):
    return 2e-6 if x.dtype == np.float32 else 1e-12


@pytest.mark.parametrize("case", range(len(OF_ONE)))
def test_as_in_numpy(case):
    compiled = tl.jit(OF_ONE[case])
    for x in ARRAYS:
        expected = outcome(OF_ONE[case], (x,))
        try:
            found = outcome(compiled, (x,))
        except tl.InferenceError:
            assert isinstance(expected, TypeError)  # quantiles of bools
            continue
        same(found, expected, tolerance(x), tolerance(x))


WEIGHTED = [
    lambda x, w: np.average(x, weights=w), lambda x, w: np.average(x, axis=0, weights=w),
    lambda x, w: np.average(x, -1, w, True), lambda x, w: np.average(x, axis=-1, weights=w, keepdims=True),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(WEIGHTED)))
def test_weights(case):
    f = WEIGHTED[case]
    compiled = tl.jit(f)
    for x in (V, M, M.T, M.astype(np.float32), np.arange(24).reshape(4, 6), BOOLS):
        for w in (np.abs(V), np.abs(M), np.arange(4), np.ones(6, np.float32), np.zeros(4), np.ones((4, 6), np.int8)):
            expected = outcome(f, (x, w))
            try:
                found = outcome(compiled, (x, w))
            except tl.InferenceError:
                assert isinstance(expected, (TypeError, ValueError))
                continue
            same(found, expected, tolerance(x), tolerance(x))


RELATED = [
    lambda x, y: np.cov(x, y), lambda x, y: np.cov(x, y, bias=True), lambda x, y: np.cov(x, y, ddof=7),
    lambda x, y: np.corrcoef(x, y), lambda x, y: np.cov(x[1:], rowvar=False), lambda x, y: np.corrcoef(x),
    lambda x, y: np.average(x, weights=[0.1, 0.2, 0.3, 0.4], axis=0),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(RELATED)))
def test_of_two(case):
    f = RELATED[case]
    compiled = tl.jit(f)
    for x, y in ((M, M[::-1]), (M.T[::2, :4], M[1:2, :4]), ((M * 9).astype(int), M[0])):
        if case not in (4, 6) or x.shape == M.shape:
            same(outcome(compiled, (x, y)), outcome(f, (x, y)), 1e-11)
    if case < 4:
        same(outcome(compiled, (V, V[::-1])), outcome(f, (V, V[::-1])), 1e-11)


DERIVED = [
    lambda x: np.median(x) ** 2, lambda x: np.sum(np.median(x, axis=0) ** 2),
    lambda x: np.sum(np.median(x, axis=-1) ** 3),
    lambda x: np.sum(np.quantile(x, [0.2, 0.85], axis=-1) ** 2), lambda x: np.percentile(x, 33.0),
    lambda x: np.sum(np.average(x, axis=-1, weights=x[0] ** 2 if x.ndim == 2 else x * x)),
    lambda x: np.nansum(np.where(x > 1, np.nan, x) ** 2), lambda x: np.nanmean(np.where(x > 1, np.nan, x**3)),
    lambda x: np.sum(np.nanmax(np.where(x > 1, np.nan, x), axis=-1) ** 2), lambda x: np.nanmin(x) ** 2,
    lambda x: np.nanprod(np.where(x > 1, np.nan, x)), lambda x: np.sum(np.cov(x, x * x) ** 2),
    lambda x: np.sum(np.corrcoef(x, np.sin(x)) ** 3),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f = DERIVED[case]
    for x in (V, M):
        np.testing.assert_allclose(tl.grad(f)(x), differences(f, (x,), 0), rtol=1e-5, atol=1e-6)


def refused(f, *args):
    with pytest.raises(tl.InferenceError) as error:
        tl.jit(f)(*args)
    return str(error.value)


def test_refused():
    assert "out" in refused(lambda x: np.median(x, None, x), V)
    assert "linear" in refused(lambda x: np.quantile(x, 0.5, method="nearest"), V)
    assert "one variable" in refused(lambda x: np.cov(x), V)
    assert "fweights" in refused(lambda x: np.cov(x, x, fweights=x), V)
    assert "where" in refused(lambda x: np.nansum(x, where=x > 0), V)
