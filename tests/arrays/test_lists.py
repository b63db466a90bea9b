"""Lists: as in CPython, known length or not, and derivatives through them."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, check_value, differences, ids
from list_programs import DERIVATIVES, PRIMALS, V


def same(found, expected):
    """One value as another, through lists and tuples."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for x, y in zip(found, expected):
            same(x, y)
    elif expected is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("f, args", PRIMALS + DERIVATIVES, ids=ids(PRIMALS + DERIVATIVES))
def test_as_in_cpython(f, args):
    check_value(f, args, same)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_derivatives(f, args):
    check_derivatives(f, args)


def item(xs, i):
    return [x * 1.0 for x in xs][i]


def popped(n):
    xs = [i for i in range(n)]
    xs.pop()
    return xs.pop()


def smallest(n):
    return min([i for i in range(n)])


def stored_outside(xs, i):
    ys = [x for x in xs]
    ys[i] = 1.0
    return ys


@pytest.mark.parametrize(
    "f, args", [(item, (V, 5)), (item, (V, -6)), (popped, (1,)), (smallest, (0,)), (stored_outside, (V, 7))]
)
def test_errors_of_cpython(f, args):
    with pytest.raises((IndexError, ValueError)) as theirs:
        f(*args)
    with pytest.raises(type(theirs.value), match=str(theirs.value).replace("(", r"\(").replace(")", r"\)")):
        tl.jit(f)(*args)


def shared(x, n):
    h = []
    for i in range(n):
        h.append(x)
        x[0] = i
    return h[0]


def of_functions(n):
    fs = []
    for i in range(n):
        fs.append(lambda: i)  # noqa: B023
    return len(fs)


def ragged(n):
    return len([np.zeros(i + 2) for i in range(n)])


@pytest.mark.parametrize(
    "f, args, error, message",
    [
        (lambda x, n: shared(x * 1.0, n), (V, 2), tl.InferenceError, "put in a copy"),
        (of_functions, (3,), tl.InferenceError, "whose length is not known while compiling"),
        (ragged, (3,), ValueError, "arrays of different shapes in one list are not supported"),
    ],
)
def test_refusals(f, args, error, message):
    with pytest.raises(error, match=message):
        tl.jit(f)(*args)


def many(n):
    h = []
    for i in range(n):
        h.append(i * 0.5)
    return h[n - 1]


def test_appending_takes_room_of_the_list_only():
    """2 million items in arrays of at most twice the size, not in a copy for each."""
    assert tl.jit(many)(2_000_000) == 999_999.5
    assert tl.grad(lambda x, n: many_of(x, n))(0.5, 100_000) == 99_999


def many_of(x, n):
    h = []
    for i in range(n):
        h.append(i * x)
    return h[n - 1]


STRIDED = [
    lambda x, n: [x[::-1] for i in range(n)][1],
    lambda x, n: np.stack([x[::2] for i in range(n)]),
    lambda x, n: np.stack([x.reshape(2, 4)[:, ::2].T for i in range(n)]),
    lambda x, n: [x.reshape(2, 4)[:, i] * 1.0 if i > 1 else x.reshape(2, 4)[:, i] for i in range(n)][2],
]


@pytest.mark.parametrize("case", range(len(STRIDED)))
def test_rows_that_are_strided(case):
    f, x = STRIDED[case], np.arange(8.0)
    np.testing.assert_array_equal(tl.jit(f)(x, 3), f(x, 3))
    gradient = tl.grad(lambda x, n: np.sum(f(x, n) ** 2))(x, 3)
    np.testing.assert_allclose(
        gradient, differences(lambda x, n: np.sum(f(x, n) ** 2), (x, 3), 0), rtol=1e-7, atol=1e-7
    )
