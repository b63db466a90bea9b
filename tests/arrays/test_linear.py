"""numpy.linalg: values, shapes and errors as NumPy's; derivatives of first and second order against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

RNG = np.random.default_rng(5)
A = RNG.standard_normal((3, 3))
B, V = RNG.standard_normal((3, 2)), RNG.standard_normal(3)
SPD = A @ A.T + 2 * np.eye(3)
TALL, WIDE = RNG.standard_normal((5, 3)), RNG.standard_normal((2, 4))
EMPTY, ONE = np.zeros((0, 0)), np.array([[3.0]])
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
WHOLE = np.array([[2, 1, 0], [1, 3, 1], [0, 1, 5]])
MATRICES = [
    A,
    A.T,
    SPD,
    SPD[::-1, ::-1],
    EMPTY,
    ONE,
    SINGULAR,
    WHOLE,
    TALL,
    TALL[:, ::2],
    WIDE,
    WIDE.T,
    V,
    SPD * np.nan,
]

OF_ONE = [
    lambda a: np.linalg.inv(a), lambda a: np.linalg.det(a), lambda a: np.linalg.slogdet(a)[0],
    lambda a: np.linalg.slogdet(a)[1], lambda a: np.linalg.cholesky(a), lambda a: np.linalg.eigh(a)[0],
    lambda a: np.linalg.eigh(a)[1], lambda a: np.linalg.eigvalsh(a), lambda a: np.linalg.qr(a)[0],
    lambda a: np.linalg.qr(a)[1], lambda a: np.linalg.qr(a, mode="r"), lambda a: np.linalg.inv(a.T) @ a,
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(OF_ONE)))
def test_as_in_numpy(case):
    f = OF_ONE[case]
    compiled = tl.jit(f)
    for a in MATRICES:
        expected = outcome(f, (a,))
        if not np.isnan(a).any() or isinstance(expected, Exception) or case < 4:
            same(outcome(compiled, (a,)), expected, 1e-11, 1e-12)


@pytest.mark.parametrize("case", range(len(OF_ONE)))
def test_single_precision(case):
    f, a = OF_ONE[case], SPD.astype(np.float32)
    same(outcome(tl.jit(f), (a,)), outcome(f, (a,)), 1e-5, 1e-6)


def test_systems_of_two_precisions():
    def f(a, b):
        return np.linalg.solve(a, b)

    a, v = SPD.astype(np.float32), V.astype(np.float32)
    for args in ((a, v), (a, V), (SPD, v), (WHOLE, v), (a, np.arange(3))):
        same(outcome(tl.jit(f), args), outcome(f, args), 1e-5)


@pytest.mark.parametrize("a", MATRICES[:9], ids=range(9))
@pytest.mark.parametrize("b", [V, V[::-1], B, B[:, :0], B[:, 0], np.arange(3), V[:2], np.zeros((0, 4))], ids=range(8))
def test_systems(a, b):
    def f(a, b):
        return np.linalg.solve(a, b)

    same(outcome(tl.jit(f), (a, b)), outcome(f, (a, b)), 1e-11, 1e-12)


def test_errors():
    for f, a in ((np.linalg.inv, SINGULAR), (np.linalg.cholesky, -SPD), (np.linalg.det, TALL)):
        with pytest.raises(np.linalg.LinAlgError) as theirs:
            f(a)
        with pytest.raises(np.linalg.LinAlgError) as ours:
            tl.jit(BY_NAME[f.__name__])(a)
        assert str(ours.value) == str(theirs.value)


BY_NAME = {
    "inv": lambda a: np.linalg.inv(a),
    "cholesky": lambda a: np.linalg.cholesky(a),
    "det": lambda a: np.linalg.det(a),
}


def log_density(s, v):
    return -0.5 * (v @ np.linalg.solve(s, v)) - 0.5 * np.linalg.slogdet(s)[1]


def by_factor(s, v):
    low = np.linalg.cholesky(s)
    x = np.linalg.solve(low, v)
    return np.sum(x**2) + np.sum(low**3)


def spectrum(a, v):
    w, q = np.linalg.eigh(a)
    return np.sum(w**3) + np.sum((q * q) @ w) + (q[:, 0] @ v) ** 2


def least_squares(a, b):
    q, r = np.linalg.qr(a)
    x = np.linalg.solve(r, q.T @ b)
    return np.sum(x**2)


def factors(a):
    q, r = np.linalg.qr(a)
    return np.sum(q**3) + np.sum(r**2 * np.arange(1.0, 1 + r.shape[1]))


DERIVED = [
    (lambda a, b: np.sum(np.linalg.solve(a, b) ** 2), (A, V)),
    (lambda a, b: np.sum(np.linalg.solve(a, b) ** 3), (SPD, B)),
    (lambda a: np.sum(np.linalg.inv(a) ** 2), (A,)), (lambda a: np.linalg.det(a) ** 2, (A.T,)),
    (lambda a: np.linalg.slogdet(a @ a)[1] + np.linalg.det(a), (A,)), (log_density, (SPD, V)), (by_factor, (SPD, V)),
    (lambda a: np.sum(np.linalg.cholesky(a @ a.T + np.eye(3)) ** 3), (A,)), (spectrum, (SPD, V)),
    (lambda a: np.sum(np.linalg.eigh(a)[1] ** 4), (SPD,)), (lambda a: np.max(np.linalg.eigvalsh(a @ a.T)), (A,)),
    (least_squares, (TALL, np.arange(5.0))), (factors, (TALL,)), (factors, (WIDE,)), (factors, (A,)),
    (lambda a: np.sum(np.linalg.inv(a)), (ONE,)), (lambda a: np.sum(np.linalg.solve(a, a @ a)), (A,)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f, args = DERIVED[case]
    by = tuple(range(len(args)))
    for k, found in zip(by, tl.grad(f, argnums=by)(*args)):
        np.testing.assert_allclose(found, differences(f, args, k), rtol=1e-5, atol=1e-7)
    gradient = tl.grad(f)
    weights = np.cos(np.arange(args[0].size)).reshape(args[0].shape)
    second = SECOND[len(args) - 1](f, weights)
    expected = differences(lambda *args: np.sum(gradient(*args) * weights), args, 0)
    np.testing.assert_allclose(tl.grad(second)(*args), expected, rtol=1e-4, atol=1e-5)


SECOND = [
    lambda f, weights: lambda a: np.sum(tl.grad(f)(a) * weights),
    lambda f, weights: lambda a, b: np.sum(tl.grad(f)(a, b) * weights),
]


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda a: np.linalg.inv(np.stack((a, a))), "more than two"),
        (lambda a: np.linalg.solve(a, 1.0), "right side"),
        (lambda a: np.linalg.qr(a, "complete")[0], "modes"),
        (lambda a: np.linalg.det(1.5), "no array"),
    ],
)
def test_refused(f, message):
    with pytest.raises(tl.TapelessError, match=message):
        tl.jit(f)(A)


# -- factors of one iteration that the derivative of another reads ----------------------------------------------------
def solved_in_a_loop(q, n):
    x, s = np.ones(2), 0.0
    for i in range(n):
        x = np.linalg.solve(q * SQUARE + np.outer(x, x), x)
        s += np.linalg.inv(q * SQUARE + i * np.eye(2))[0, 1] + 0.1 * np.linalg.det(q * SQUARE + s * np.eye(2))
    return np.sum(x**2) + s


def solved_in_recursion(q, n):
    return np.linalg.slogdet(q * SQUARE)[1] + (solved_in_recursion(q * q, n - 1) if n > 0 else 0.0)


SQUARE = np.array([[2.0, 0.3], [0.1, 1.5]])


@pytest.mark.parametrize("f", [solved_in_a_loop, solved_in_recursion])
def test_second_derivatives_in_loops(f):
    first = tl.grad(f)
    second, h = tl.grad(first)(1.2, 3), 1e-5
    np.testing.assert_allclose(second, (first(1.2 + h, 3) - first(1.2 - h, 3)) / (2 * h), rtol=1e-7)
    np.testing.assert_allclose(first(1.2, 3), (f(1.2 + h, 3) - f(1.2 - h, 3)) / (2 * h), rtol=1e-7)
