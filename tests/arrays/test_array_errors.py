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


def put(x, k, v):
    x = x.copy()
    x[k] = v
    return x


def put_part(x, v):
    x = x.copy()
    x[1:] = v
    return x


def put_list(x, v):
    x = x.copy()
    x[0] = [1.0, v, 3.0]
    return x


def doubled(x, y):
    x = x.copy()
    x *= y
    return x


@pytest.mark.parametrize(
    "f, args",
    [
        (lambda x, y: x + y, (V3, V4)),
        (lambda x, y: x - y, (M, V3)),
        (lambda x, y: np.where(x > 0.0, y, 0.0), (M, V3)),
        (lambda x, y: x @ y, (V3, V4)),
        (lambda x, y: x @ y, (M, M)),
        (lambda x, i: x[i], (V3, -7)),
        (lambda x, i: x[0, i], (M, 4)),
        (lambda x, i: x[i], (V4, np.array([1, 5, -7]))),
        (lambda x, m: x[m], (V4, V3 > 0.0)),
        (lambda x: x.reshape(5), (V4,)),
        (lambda x, n: x.reshape(n, 3), (V4, 2)),
        (lambda x: x.reshape(3, -1), (V4,)),
        (lambda x, y: np.concatenate((x, y)), (M, np.ones((3, 5)))),
        (lambda x, y: np.linalg.solve(x, y), (np.eye(3), V4)),
        (lambda x, y: np.linalg.solve(x, y), (np.eye(3), np.ones((4, 2)))),
        (put, (M, 4, 1.0)),
        (put, (V3, V4 > 0.0, 1.0)),
        (put_part, (V4, V4)),
        (put_list, (M, 2.0)),
        (doubled, (np.ones((1, 4)), M)),
    ],
)
def test_messages_have_the_shapes(f, args):
    with pytest.raises((ValueError, IndexError)) as theirs:
        f(*args)
    with pytest.raises(type(theirs.value)) as ours:
        tl.jit(f)(*args)
    wanted = str(theirs.value)
    if "index 5 is out of bounds" in wanted:  # of several, we tell the least
        wanted = wanted.replace("index 5", "index -7")
    assert str(ours.value) == wanted


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
