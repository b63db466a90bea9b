"""Loops that read of an array what they wrote to it in the iteration before: it is carried as a variable."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
X = np.sin(np.arange(1.0, 8.0))


def forwards(x, a):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] * y[i - 1] + x[i]
    return y


def backwards(x, a):
    y = x * a
    for i in range(len(x) - 2, -1, -1):
        y[i] += y[i + 1] * y[i + 1] * x[i]
    return y


def two_before(x, a):
    y = x.copy()
    for i in range(2, len(x)):
        y[i] = a * y[i - 1] - y[i - 2] * x[i]
    return y


def strides(x, a):
    y = x.copy()
    for i in range(2, len(x), 2):
        y[i] = a * y[i - 2] + y[i - 1]
    return y


def one_place(x, a):
    y = np.zeros(3)
    for v in x:
        y[1] = a * y[1] + v * v
        y[2] += y[1]
    return y


def both_sides(x, a):
    y = x.copy()
    for i in range(1, len(x) - 1):
        y[i + 1] = y[i] * a + y[i + 1]
        y[i] = y[i - 1] + y[i + 1]
    return y


def overwritten(x, a):
    y = x.copy()
    k = 0
    for i in range(1, len(x)):
        y[i] = y[i - 1] * a
        y[k] = y[k] + x[i]  # may be the one that is read next
        k = i if x[i] > 0.0 else 0
    return y


def sometimes(x, a):
    y = x.copy()
    for i in range(1, len(x)):
        if x[i] > 0.0:
            y[i] = y[i - 1] * a
    return y


def in_a_branch(x, a):
    """What the branch gives is what the loop gives, until that has one part more."""
    y = x.copy()
    if a > 0.5:
        for _ in (len(x), 2)[:]:
            y[0] -= a
    return y


def rows(x, a):
    d = np.zeros((len(x), len(x)))
    d[0] = x
    for i in range(1, len(x)):
        d[i, 0] = a
        for j in range(1, len(x)):
            d[i, j] = d[i, j - 1] * d[i - 1, j] + a * d[i - 1, j - 1]
    return d


def product(x, a):
    m, n = np.outer(x, x), np.zeros((len(x), len(x)))
    for i in range(len(x)):
        for j in range(len(x)):
            for k in range(len(x)):
                n[i, j] += m[i, k] * m[k, j] * a
    return n


def single(x, a):
    y = x.astype(np.float32)
    for i in range(1, len(x)):
        y[i] += y[i - 1] * np.float32(0.3)
    return y


def counted(x, a):
    c = np.zeros(len(x), dtype=np.int8)
    for i in range(len(x) - 1):
        c[i + 1] = c[i] + np.int8(100)
    return c


def powers(n, x):
    y = np.ones(n)
    for i in range(1, n):
        y[i] = y[i - 1] * x
    return y


def reads_too_far(x, a):
    y = x.copy()
    for i in range(len(x)):
        y[i + 1] = y[i] * a
    return y


def reads_before(x, a):
    y = x.copy()
    i = -1 - len(x)
    while i < 2:
        y[i + 1] = y[i] * a
        i += 1
    return y


PROGRAMS = [forwards, backwards, two_before, strides, one_place, both_sides, overwritten, sometimes, in_a_branch, rows]
PROGRAMS += [product]
NAMES = [f.__name__ for f in PROGRAMS]


@pytest.mark.parametrize("f", [*PROGRAMS, single, counted], ids=[*NAMES, "single", "counted"])
def test_of_any_length(f):
    compiled = tl.jit(f)
    for n in (1, 2, 3, 7):
        same(compiled(X[:n], 0.7), outcome(f, (X[:n], 0.7)))


@pytest.mark.parametrize("f", PROGRAMS, ids=NAMES)
def test_derivatives(f):
    check_derivatives(lambda x, a: np.sum(f(x, a) ** 2), (X, 0.7))


def test_no_iterations():
    for n in (0, 1, 5):
        np.testing.assert_array_equal(tl.jit(powers)(n, 0.5), powers(n, 0.5))
    np.testing.assert_array_equal(tl.jit(sometimes)(X[:0], 0.7), X[:0])


@pytest.mark.parametrize("f", [reads_too_far, reads_before])
def test_out_of_range(f):
    with pytest.raises(IndexError, match="out of bounds"):
        f(X, 0.7)
    with pytest.raises(IndexError, match="out of bounds"):
        tl.jit(f)(X, 0.7)
