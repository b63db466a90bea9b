"""np.add.outer, np.maximum.reduce, np.add.accumulate and the like: methods of NumPy's functions of two arrays."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same

X = np.sin(np.arange(12.0)).reshape(3, 4) + 1.25
K = np.arange(5, dtype=np.int32) - 2

CASES = [
    lambda x: np.subtract.outer(x[0], x[:, 1]),
    lambda x: np.multiply.outer(x, x[0]),
    lambda x: np.add.outer(x.T, x[:, ::-1]),
    lambda x: np.power.outer(x[0], [1.0, 2.0, 0.5]),
    lambda x: np.arctan2.outer(x[0], x[1]),
    lambda x: np.maximum.outer(x[0], 0.5),
    lambda x: np.subtract.outer(2.0, x),
    lambda x: np.add.reduce(x),
    lambda x: np.add.reduce(x, axis=None),
    lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True),
    lambda x: np.add.reduce([x[0], x[1]]),
    lambda x: np.multiply.reduce(x, 1),
    lambda x: np.maximum.reduce([x[0], x[1], x[2]]),
    lambda x: np.minimum.reduce(x, axis=1, keepdims=True),
    lambda x: np.add.accumulate(x),
    lambda x: np.multiply.accumulate(x, axis=1),
]
OF_OTHERS = [
    (lambda k: np.equal.outer(k, k), K),
    (lambda k: np.floor_divide.outer(k, k[k != 0]), K),
    (lambda k: (np.add.reduce(k), np.multiply.reduce(k), np.add.accumulate(k), np.maximum.reduce(k)), K),
    (lambda k: (np.logical_and.reduce(k > -3), np.logical_or.reduce(k[:, None] > k), np.add.reduce(k > 0)), K),
    (lambda x: (np.add.reduce(x), np.multiply.reduce(x), np.logical_and.reduce(x)), X[:0]),
    (lambda x: np.maximum.reduce(x), X[:0]),
    (lambda x: np.add.outer(x, x).sum(), X.astype(np.float32)),
]


@pytest.mark.parametrize("f", CASES)
def test_as_in_numpy(f):
    for x in (X, X[::-1, 1:], X[:, :4:2].T):
        same(outcome(tl.jit(f), (x,)), outcome(f, (x,)), 1e-14)
    check_derivatives(lambda x: np.sum(f(x) ** 3), (X,))


@pytest.mark.parametrize("f, x", OF_OTHERS)
def test_of_ints_bools_and_nothing(f, x):
    same(outcome(tl.jit(f), (x,)), outcome(f, (x,)), 1e-14)


def test_others_are_refused_by_name():
    with pytest.raises(tl.UnsupportedError, match=r"`np\.maximum\.accumulate` is not supported"):
        tl.jit(lambda x: np.maximum.accumulate(x))(X)
