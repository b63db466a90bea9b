"""Which updates are known to be alone: how many test in emitted code, and NumPy's answer where two hold an array."""

import numpy as np
import pytest
import tapeless as tl

X = np.linspace(0.1, 1.0, 40)


def recurrence(x):
    y = np.zeros(x.shape[0])
    y[0] = x[0]
    for i in range(1, x.shape[0]):
        y[i] = 0.5 * y[i - 1] + x[i] / (1.0 + y[i - 1] * y[i - 1])
    return np.sum(y * y)


def windows(x):
    y = x * 2.0
    for i in range(1, 4):
        y[1:] += 0.1 * x[1:]
        y[:2] = x[i : i + 2] * y[i]
    return np.sum(y * x)


def in_branches(x):
    y, z = np.zeros(4), np.ones(4)
    for i in range(x.shape[0]):
        if x[i] > 0.5:
            y[i % 4] += x[i]
        else:
            z[i % 4] = x[i] * z[1]
    return np.sum(y * z)


def nested(x):
    y = np.zeros(5)
    for i in range(5):
        for j in range(5):
            y[j] += x[i] * x[j + 1]
        y[0] = x[i]
    return np.sum(y * y)


def two_loops(x):
    y = x + 1.0
    for i in range(3):
        y[i] = y[i + 1] * x[i]
    for i in range(3):
        y[i + 1] = y[i] * x[i]
    return np.sum(y)


def filled_in(x, n):
    if n == 0:
        return x * 2.0
    y = filled_in(x, n - 1)
    y[n] = y[n - 1] * 0.5
    return y


def recursive(x):
    return np.sum(filled_in(x, 5))


def used_again(x):
    y = x * 2.0
    z = y.copy()
    z[0] = 7.0
    return np.sum(y * z)


def old_and_new(x):
    new = old = x * 2.0
    for i in range(5):
        old, new = new, new.copy()
        new[i] = old[i + 1] * 2.0
    return np.sum(old * new)


def exchanged(x):
    a, b = x * 3.0, x * 2.0
    for i in range(5):
        a, b = b, a
        a[i] = b[i + 1] * x[i]
    return np.sum(a * x) + b[1]


def captured(x):
    y = x * 2.0

    def total(k):
        return np.sum(y) * k

    z = y + 0.0
    for i in range(4):
        z[i] = total(x[i])
    return np.sum(z) + total(1.0)


def kept(x):
    y = x * 2.0
    for i in range(3):
        y[i] = np.sum(np.sin(y)) * 0.1
        y = np.cos(y) * x
    return np.sum(y)


def given_twice(x):
    def put(a, b, k):
        a = a.copy()
        a[k] = b[k + 1]
        return a

    y = x * 2.0
    return np.sum(put(y, y, 1) * put(put(y, x, 2), y, 3))


def sometimes_another(x):
    y = z = x * 2.0
    for i in range(4):
        u = (y if x[i] > 0.2 else z).copy()
        u[i] = x[i + 1]
        y = u
    return np.sum(y * z)


ALONE = [recurrence, in_branches, nested, two_loops, recursive]
KEPT = [windows]  # whole arrays are kept for its derivative
SHARED = [used_again, old_and_new, captured, kept, given_twice, sometimes_another]


def asked(compiled):
    """How many updates test whether they are alone."""
    return compiled.inspect_llvm(X).count("call i1 @tl_is_alone")


@pytest.mark.parametrize("f", [*ALONE, *KEPT])
def test_what_a_function_made_is_changed_without_a_test(f, monkeypatch):
    monkeypatch.delenv("TAPELESS_POISON")  # which tests the analysis
    assert asked(tl.jit(f)) == 0
    assert (asked(tl.grad(f)) == 0) == (f in ALONE)


@pytest.mark.parametrize("f", [*ALONE, *KEPT, *SHARED, exchanged])
@pytest.mark.parametrize("checked", ["0", "1"])
def test_values(f, checked, monkeypatch):
    monkeypatch.setenv("TAPELESS_POISON", checked)
    x = X.copy()
    compiled = tl.jit(f)
    for _ in range(3):
        assert compiled(x) == pytest.approx(f(X), rel=1e-13)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("f", [*ALONE, *KEPT, *SHARED])
def test_gradients(f):
    slope, h = tl.grad(f)(X), 1e-6
    expected = [(f(X + h * e) - f(X - h * e)) / (2.0 * h) for e in np.eye(len(X))]
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-6)
