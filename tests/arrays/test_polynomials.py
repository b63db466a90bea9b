"""Polynomials, convolutions, slopes, areas, interpolation: against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
RNG = np.random.default_rng(3)
V, W, M = RNG.standard_normal(7), RNG.standard_normal(4), RNG.standard_normal((4, 5))
XP = np.array([-1.0, -0.5, 0.25, 0.5, 1.5, 2.0, 4.0])


def compare(f, *args):
    """As NumPy's; what we refuse, NumPy refuses too."""
    expected = outcome(f, args)
    try:
        found = outcome(tl.jit(f), args)
    except tl.InferenceError:
        assert isinstance(expected, Exception), expected
        return
    single = any(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in args)
    same(found, expected, 2e-5 if single else 1e-12, 1e-5 if single else 1e-13)


TWO = [
    lambda x, y: np.convolve(x, y), lambda x, y: np.convolve(x, y, "same"),
    lambda x, y: np.convolve(x, y, mode="valid"),
    lambda x, y: np.correlate(x, y), lambda x, y: np.correlate(x, y, "same"), lambda x, y: np.correlate(x, y, "full"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(TWO)))
def test_convolutions(case):
    inf = np.array([1.0, np.inf, np.nan, 2.0, 3.0])
    for x, y in ((V, W), (W, V), (V[::-2], W[::-1]), (V, V[:1]), (V[:0], W), (W, V[:0]), (V, inf), (W, W)):
        compare(TWO[case], x, y)
    compare(TWO[case], np.arange(5, dtype=np.int8) * 30, np.arange(-2, 2, dtype=np.int8))
    compare(TWO[case], V.astype(np.float32), np.arange(3, dtype=np.int16))
    compare(TWO[case], V > 0, W > 0)


def test_convolution_with_a_list():
    compare(lambda x: np.convolve(x, [1, -2, 1], "valid"), V)
    compare(lambda x: np.convolve(x, x), M)


def test_polyval():
    def f(p, x):
        return np.polyval(p, x)

    for p in (V, V[::-2], np.arange(4), V[:0], W.astype(np.float32), np.array([2, 3], np.int8)):
        for x in (M, M[:, ::2], V, 0.5, 3, np.array([np.inf, -1.0]), np.arange(6, dtype=np.int8), V[:0]):
            if len(p) or np.asarray(x).dtype == p.dtype:
                expected = f(p, x)
                if np.ndim(expected) or len(p):
                    compare(f, p, x)
    compare(lambda x: np.polyval([1, 0, -2.5], x), M)
    compare(lambda x: np.polyval((3, 1), x), np.arange(3))


ONE = [
    lambda x: np.vander(x), lambda x: np.vander(x, 3), lambda x: np.vander(x, N=4, increasing=True),
    lambda x: np.vander(x, 0), lambda x: np.gradient(x), lambda x: np.gradient(x, 0.5),
    lambda x: np.gradient(x, axis=-1),
    lambda x: np.gradient(x, 2, axis=0, edge_order=2), lambda x: np.gradient(x, np.float64(0.1), edge_order=2),
    lambda x: np.trapezoid(x), lambda x: np.trapezoid(x, dx=0.25, axis=0), lambda x: np.trapezoid(x, x),
    lambda x: np.trapezoid(x, np.arange(float(len(x))), axis=0), lambda x: np.ediff1d(x),
    lambda x: np.ediff1d(x, to_begin=x[:1], to_end=x[-2:]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ONE)))
def test_of_one(case):
    for x in (V, V[::-2], V[:2], V[:0], W.astype(np.float32), np.arange(5, dtype=np.int8) * 60, M, M.T[::2], V > 0):
        compare(ONE[case], x)


def test_interpolation():
    def f(x, xp, fp):
        return np.interp(x, xp, fp)

    x = np.array([-3.0, -1.0, -0.7, 0.25, 0.3, 1.9, 2.0, 4.0, 4.5, np.nan, np.inf, -np.inf])
    for fp in (V, np.arange(7), np.array([1.0, np.inf, np.inf, 2.0, -np.inf, 0.0, np.nan])):
        compare(f, x, XP, fp)
    for v in (M, x.astype(np.float32), np.arange(4), 0.3, 2, np.float64(7.0), x[:0]):
        compare(f, v, XP, V)
    compare(f, x, XP[:1], V[:1])
    compare(f, x, XP, W)
    compare(f, x, XP[:0], V[:0])
    for period in (3, 2.5, -4.0, 0.0):
        compare(lambda x, xp, fp, p: np.interp(x, xp, fp, period=p), x[:9], XP[::-1], V, period)
    compare(lambda x, xp: np.interp(x, xp, xp, 5, 6, 4), M.astype(np.float32), XP)
    compare(lambda x: np.interp(x, [0, 1, 3], [5.0, 1.0, 2.0], left=-1, right=x[0]), M[0])


DERIVED = [
    lambda x, y: np.sum(np.convolve(x, y) ** 2), lambda x, y: np.sum(np.convolve(y, x, "same") ** 3),
    lambda x, y: np.sum(np.correlate(x, y, "full") ** 2), lambda x, y: np.sum(np.polyval(y, x) ** 2),
    lambda x, y: np.polyval(x, y[0]), lambda x, y: np.sum(np.vander(x, 4) @ y),
    lambda x, y: np.sum(np.gradient(x, y[0]) ** 2),
    lambda x, y: np.sum(np.gradient(x**2, edge_order=2) ** 2), lambda x, y: np.trapezoid(np.sin(x), x**2) * y[1],
    lambda x, y: np.sum(np.ediff1d(x, to_end=y) ** 3), lambda x, y: np.sum(np.interp(y, np.cumsum(x * x) - 3, x) ** 2),
    lambda x, y: np.sum(np.interp(y, x, np.sin(x), period=2.5) ** 2),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f = DERIVED[case]
    for k, found in enumerate(tl.grad(f, argnums=(0, 1))(V, W)):
        np.testing.assert_allclose(found, differences(f, (V, W), k), rtol=1e-5, atol=1e-6)


def test_derivative_of_interpolation_at_samples():
    line = tl.grad(lambda x: np.sum(np.interp(x, XP, 3 * XP)))
    np.testing.assert_allclose(line(XP[:-1]), 3.0)


def test_refused():
    for f, word in (
        (lambda x: np.gradient(x, x), "distance"),
        (lambda x: np.convolve(x, x, "half"), "mode"),
    ):
        with pytest.raises(tl.InferenceError, match=word):
            tl.jit(f)(V)
