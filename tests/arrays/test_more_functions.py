"""Rounding, signs, logic, angles, logarithms of sums, tolerances: against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
X = np.array([-2.5, -1.5, -0.0, 0.0, 0.5, 1.5, 3.25, np.nan, np.inf, -np.inf])
Y = np.array([2.0, -1.5, 1.0, -0.0, np.nan, 0.0, -3.0, 1.0, np.inf, 5.0])
K, L = np.array([7, -7, 3, 0, 2]), np.array([2, 2, -5, 0, 3])

ONE = [
    np.sign, np.floor, np.ceil, np.trunc, np.rint, np.deg2rad, np.rad2deg, np.degrees, np.radians, np.sinc,
    np.logical_not, np.nan_to_num, np.round, np.around,
]  # fmt: skip
TWO = [
    np.heaviside, np.copysign, np.fmax, np.fmin, np.logical_and, np.logical_or, np.logical_xor, np.fmod, np.divmod,
    np.float_power, np.logaddexp, np.logaddexp2, np.isclose, np.allclose,
]  # fmt: skip
KINDS = [np.float64, np.int64, np.float32, np.bool_]


def checked(f, *args, rtol=1e-12):
    """As NumPy's, or refused where NumPy's answer has a type that tapeless lacks."""
    expected = outcome(f, args)
    try:
        found = outcome(tl.jit(f), args)
    except tl.InferenceError:
        assert isinstance(expected, Exception) or expected.dtype == np.float16
        return
    same(found, expected, rtol, 1e-7 if rtol > 1e-7 else 1e-13)


@pytest.mark.parametrize("f", ONE, ids=lambda f: f.__name__)
def test_of_one(f):
    for k in KINDS:

        def of(x):
            return f(x)

        values = X if k in (np.float64, np.float32) else K
        for x in (values.astype(k), values.astype(k)[::-2], values[:0].astype(k), values.reshape(5, -1).T.astype(k)):
            checked(of, x, rtol=2e-6 if k is np.float32 else 1e-12)
        checked(of, k(1), rtol=2e-6 if k is np.float32 else 1e-12)


@pytest.mark.parametrize("f", TWO, ids=lambda f: f.__name__)
def test_of_two(f):
    def of(x, y):
        return f(x, y)

    checked(of, X, Y)
    checked(of, K, L)
    checked(of, X[:5], K)
    checked(of, X[:, None], Y[None, :4])
    checked(of, X.astype(np.float32), Y.astype(np.float32), rtol=2e-6)
    checked(of, X, 0.5)
    checked(of, np.float64(0.5), np.float64(-2.0))


MORE = [
    lambda x: np.round(x, 1), lambda x: x.round(2), lambda x: np.round(x, -1), lambda x: x.clip(-1, 1),
    lambda x: np.isclose(x, x, equal_nan=True), lambda x: np.allclose(x, x + 1e-12, atol=1e-3), lambda x: x[0].round(),
    lambda x: np.clip(x, min=0), lambda x: x.clip(max=2), lambda x: np.clip(x, None, None),
    lambda x: x[:4].std(0, None, None, 1), lambda x: np.linspace(x[0], x[5], 7, True, True),
    lambda x: np.linspace(np.float32(1), np.float32(3), 5, retstep=True), lambda x: np.linspace(1, 2, 1, False, True),
    lambda x: np.isclose(x, 1.5, rtol=0.5), lambda x: np.pi * x + np.e, lambda x: np.where(x > 0, np.inf, x),
    lambda x: x[1].item() + x[2].astype(np.float32), lambda x: x[1].sum() + x[:, np.newaxis].sum(),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(MORE)))
def test_more(case):
    same(outcome(tl.jit(MORE[case]), (X,)), outcome(MORE[case], (X,)))


A, B = np.array([0.3, -1.2, 2.7, 0.0]), np.array([-0.4, 2.2, 1.3, 0.7])
DERIVED = [
    lambda x, y: np.sum(np.logaddexp(x, y) * x), lambda x, y: np.sum(np.logaddexp2(x, y)),
    lambda x, y: np.sum(np.fmax(x, y) * np.fmin(x, y) ** 2), lambda x, y: np.sum(np.copysign(x + 5, y) * y),
    lambda x, y: np.sum(np.deg2rad(x) * np.rad2deg(y)), lambda x, y: np.sum(np.sinc(x + 0.1) * y),
    lambda x, y: np.sum(np.fmod(x, y)), lambda x, y: np.sum(np.float_power(y + 3, x)),
    lambda x, y: np.sum(np.sign(x) * y),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f = DERIVED[case]
    x = A + 0.05
    for k, found in enumerate(tl.grad(f, argnums=(0, 1))(x, B)):
        np.testing.assert_allclose(found, differences(f, (x, B), k), rtol=1e-6, atol=1e-7)


def test_arguments_stand_where_they_stand_in_numpy():
    for f in (lambda x: np.std(x, 0, 1), lambda x: np.var(x, 0, np.float32), lambda x: np.clip(x, 0, 1, x)):
        with pytest.raises(tl.InferenceError, match="argument"):
            tl.jit(f)(A)
