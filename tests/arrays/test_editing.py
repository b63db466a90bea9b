"""What turns arrays, puts elements in or leaves them out: against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(4)
V, M = RNG.standard_normal(6), RNG.standard_normal((3, 4))
ARRAYS = [V, V[::-2], V[:0], np.arange(6, dtype=np.int8), V > 0, M, M.T[::2], M[:0]]
CASES = [
    lambda x: np.rot90(x), lambda x: np.rot90(x, 2), lambda x: np.rot90(x, k=-1), lambda x: np.rot90(x, 4, (1, 0)),
    lambda x: np.rot90(x, 1, axes=(1, 0)), lambda x: np.fliplr(x), lambda x: np.flipud(x),
    lambda x: x.repeat(2, axis=0),
    lambda x: np.append(x, x), lambda x: np.append(x, 2.5), lambda x: np.append(x, x, axis=0),
    lambda x: np.append(x, values=[1, 2]), lambda x: np.append(x, x[:, :1], axis=-1),
    lambda x: np.insert(x, 1, 7), lambda x: np.insert(x, -1, [1, 2]), lambda x: np.insert(x, len(x), x[0], axis=0),
    lambda x: np.insert(x, 2, 5.5, axis=-1), lambda x: np.insert(x, 9, 1),
    lambda x: np.insert(x, 1, x[:, 0], axis=1),
    lambda x: np.delete(x, 1), lambda x: np.delete(x, -1, axis=0), lambda x: np.delete(x, [0, 2]),
    lambda x: np.delete(x, 9, 0), lambda x: np.delete(x, []),
    lambda x: np.delete(x, [0, 2, -1, 0], axis=-1), lambda x: np.delete(x, x[0] > 0, axis=1),
    lambda x: np.delete(x, x > 1),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_in_numpy(case):
    for x in ARRAYS:
        expected = outcome(CASES[case], (x,))
        try:
            found = outcome(tl.jit(CASES[case]), (x,))
        except tl.InferenceError:
            assert isinstance(expected, Exception), expected
            continue
        same(found, expected)


@pytest.mark.parametrize("case", [0, 2, 4, 5, 8, 10, 12, 13, 15, 18, 19, 20, 24, 25])
def test_derivatives(case):
    edit = CASES[case]

    def f(x):
        return np.sum(np.cumsum(edit(x)) ** 2)

    np.testing.assert_allclose(tl.grad(f)(M), differences(f, (M,), 0), rtol=1e-5, atol=1e-6)


def test_refused():
    for f, word in (
        (lambda x: np.insert(x, [1, 2], 3.0), "several"),
        (lambda x: np.rot90(x, 1, (0, 0)), "axis"),
        (lambda x: np.delete(x, True), "bool"),
    ):
        with pytest.raises(tl.InferenceError, match=word):
            tl.jit(f)(M)
