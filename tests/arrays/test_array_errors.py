"""What fails in NumPy fails so here, at the user's line; what is not supported is refused with it."""

import numpy as np
import pytest
import tapeless as tl

V3, V4, M = np.ones(3), np.ones(4), np.ones((3, 4))


@pytest.mark.parametrize(
    "f, args",
    [
        (lambda x, y: np.sum(x + y), (V3, V4)),
        (lambda x, y: x * y, (M, V3)),
        (lambda x, y: x @ y, (V3, V4)),
        (lambda x, y: x @ y, (M, M)),
        (lambda n: np.zeros(n), (-1,)),
    ],
)
def test_value_errors(f, args):
    with pytest.raises(ValueError):
        f(*args)
    with pytest.raises(ValueError):
        tl.jit(f)(*args)


@pytest.mark.parametrize("i", [3, -4, 2**40])
def test_an_index_out_of_range(i):
    for f in (lambda x, i: x[i], lambda x, i: x[i] * x[0]):
        with pytest.raises(IndexError):
            tl.jit(f)(V3, i)
    with pytest.raises(IndexError):
        tl.grad(lambda x, i: x[i])(V3, i)
    with pytest.raises(IndexError):
        tl.jit(lambda m, i: m[0, i])(np.ones((2, 3)), i)


@pytest.mark.parametrize(
    "f, args, message",
    [
        (lambda x: x.sum(initial=1.0), (V3,), "initial"),
        (lambda x: x[0.5], (V3,), "indices"),
        (lambda x: x.nothing, (V3,), "attribute"),
        (lambda x: x - (x > 0) - ((x > 0) - (x > 1)), (V3,), "boolean subtract"),
        (lambda x: 1 if x > 0 else 2, (V3,), "truth"),
    ],
)
def test_refused(f, args, message):
    with pytest.raises(tl.TapelessError, match=message) as caught:
        tl.jit(f)(*args)
    assert "lambda" in str(caught.value)


def test_what_cannot_be_passed():
    for a in (np.ones(3, np.complex128), np.ones(3, ">f8"), np.array(["a"])):
        with pytest.raises(tl.TapelessError, match="dtype"):
            tl.jit(lambda x: x)(a)


def test_what_is_not_differentiated_yet():
    def f(x):
        return np.sum(x * x)

    with pytest.raises(tl.DifferentiationError, match="arrays"):
        tl.grad(f, mode="forward")(V3)
