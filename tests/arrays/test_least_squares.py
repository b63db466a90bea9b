"""lstsq and multi_dot: values, shapes and errors as NumPy's; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(8)
TALL, WIDE, SQUARE = RNG.standard_normal((6, 3)), RNG.standard_normal((2, 5)), RNG.standard_normal((3, 3))
NEARLY = TALL * np.array([1.0, 1e-5, 1e-9])
B, V = RNG.standard_normal((6, 2)), RNG.standard_normal(6)


def solved(a, b):
    return np.linalg.lstsq(a, b)


@pytest.mark.parametrize(
    "a", [TALL, WIDE, SQUARE, TALL[:, ::-1], WIDE.T, np.arange(6).reshape(3, 2), NEARLY, TALL[:, :1]]
)
def test_systems(a):
    compiled = tl.jit(solved)
    for b in (B, V, B[:, :0], B[:, ::-1]):
        rows = b[: len(a)]
        same(outcome(compiled, (a, rows)), outcome(solved, (a, rows)), 1e-6 if a is NEARLY else 1e-10, 1e-15)


def test_single_precision():
    single = TALL.astype(np.float32), V.astype(np.float32)
    same(tl.jit(solved)(*single), solved(*single), 1e-5, 1e-6)
    same(tl.jit(solved)(single[0], V), solved(single[0], V), 1e-10)


def test_condition():
    def f(a, b, r):
        return np.linalg.lstsq(a, b, rcond=r)

    for r in (1e-3, -1.0, None):
        expected = f(TALL, V, r)
        same(tl.jit(lambda a, b, r=r: np.linalg.lstsq(a, b, rcond=r))(TALL, V), expected, 1e-10)


def test_errors():
    with pytest.raises(np.linalg.LinAlgError, match="full rank"):
        tl.jit(solved)(TALL[:, [0, 1, 1]], V)
    with pytest.raises(np.linalg.LinAlgError, match="Incompatible"):
        tl.jit(solved)(TALL, V[:4])


DERIVED = [
    lambda a, b: np.sum(np.linalg.lstsq(a, b)[0] ** 2), lambda a, b: np.linalg.lstsq(a, b)[1][0],
    lambda a, b: np.sum(np.linalg.lstsq(a, b)[3] ** 3) + b[0], lambda a, b: np.sum(np.linalg.lstsq(a.T, b[:3])[0] ** 3),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f = DERIVED[case]
    for k, found in enumerate(tl.grad(f, argnums=(0, 1))(TALL, V)):
        np.testing.assert_allclose(found, differences(f, (TALL, V), k), rtol=1e-5, atol=1e-6)


PRODUCTS = [
    lambda a, b, c: np.linalg.multi_dot([a, b, c]), lambda a, b, c: np.linalg.multi_dot((a[0], b, c)),
    lambda a, b, c: np.linalg.multi_dot([a[0], b, c[:, 0]]), lambda a, b, c: np.linalg.multi_dot([a, b]),
    lambda a, b, c: np.linalg.multi_dot([a, b, c, c.T, b.T]), lambda a, b, c: np.linalg.multi_dot([a]),
    lambda a, b, c: np.linalg.multi_dot([a, b[0], c]), lambda a, b, c: np.linalg.multi_dot([a, c, b]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(PRODUCTS)))
def test_products(case):
    f = PRODUCTS[case]
    a, b, c = RNG.standard_normal((2, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4))
    same(outcome(tl.jit(f), (a, b, c)), outcome(f, (a, b, c)))
    same(outcome(tl.jit(f), (c.T, b.T, a.T)), outcome(f, (c.T, b.T, a.T)))


def test_derivative_of_products():
    args = RNG.standard_normal((2, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4))

    def f(a, b, c):
        return np.sum(np.linalg.multi_dot([a, b, c]) ** 2)

    for k, found in enumerate(tl.grad(f, argnums=(0, 1, 2))(*args)):
        np.testing.assert_allclose(found, differences(f, args, k), rtol=1e-5, atol=1e-6)
