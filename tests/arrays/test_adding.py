"""np.add.at and np.subtract.at: an index that comes twice counts twice."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, same

X = np.arange(12.0).reshape(6, 2) / 4 - 1.2
S = np.array([0, 2, 1, 2, 0, -1])


def rows(x, s):
    out = np.zeros((3, 2))
    np.add.at(out, s, x)
    return out


def elements(x, s):
    out = np.ones(3)
    np.add.at(out, s, x[:, 0] * x[:, 1])
    np.subtract.at(out, s, 0.5)
    return out


def pairs(x, s):
    out = np.zeros((3, 2))
    np.add.at(out, (s, s % 2), x[:, 0])
    return out


def one_by_one(x, s):
    out = np.zeros((3, 2))
    for k in range(6):
        np.add.at(out, s[k], x[k])
        np.add.at(out, (s[k], 1), x[k, 0] * out[s[k], 0])
    return out


def slices_and_masks(x, s):
    out = np.zeros((3, 2))
    for k in range(2):
        if s[k] >= 0:
            np.add.at(out, s, x * out[s] + 0.1)
        np.add.at(out, slice(0, 2), x[0])
        np.add.at(out, out > 0.0, 2.0)
    return out


def a_view(x, s):
    out = np.zeros((3, 2))
    v = out[1:]
    np.add.at(v, s % 2, x)
    return out + v[0]


def an_argument(x, s):
    def double(z):
        np.add.at(z, [0, 0], z[1:3])

    y = x.copy()
    double(y)
    return y


def counts(x, s):
    out = np.zeros(3, dtype=np.int64)
    np.add.at(out, s, 1)
    return out * x[0, 0]


PROGRAMS = [rows, elements, pairs, one_by_one, slices_and_masks, a_view, an_argument, counts]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_as_in_numpy(f):
    same(tl.jit(f)(X, S), f(X, S))
    check_derivatives(lambda x: np.sum(f(x, S) ** 2), (X,))


def test_an_argument_is_changed():
    ours, theirs = np.zeros(3), np.zeros(3)

    def count(out, s):
        np.add.at(out, s, 1.0)

    assert tl.jit(count)(ours, S) is None
    count(theirs, S)
    np.testing.assert_array_equal(ours, theirs)


def out_of_range(x, s):
    out = np.zeros(2)
    np.add.at(out, s, x[0, 0])
    return out


def test_out_of_range():
    with pytest.raises(IndexError, match="out of bounds"):
        out_of_range(X, S)
    with pytest.raises(IndexError, match="out of bounds"):
        tl.jit(out_of_range)(X, S)


def into_ints(x, s):
    out = np.zeros(3, dtype=np.int64)
    np.add.at(out, s, x[:, 0])
    return out


def no_variable(x, s):
    np.add.at(x[0:3], s, 1.0)
    return x


def keywords(x, s):
    np.add.at(x, s, b=1.0)
    return x


@pytest.mark.parametrize(
    "f, message",
    [
        (into_ints, "Cannot cast ufunc 'add' output from f64 to i64"),
        (no_variable, "np.add.at is supported as np.add.at\\(a, i, v\\) of a variable a"),
        (keywords, "np.add.at is supported as np.add.at\\(a, i, v\\) of a variable a"),
    ],
)
def test_refusals(f, message):
    with pytest.raises(tl.TapelessError, match=message) as error:
        tl.jit(f)(X.copy(), S)
    assert f.__name__ in str(error.value) or "np." in str(error.value)
