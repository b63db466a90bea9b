"""What is computed for part of an array is written there: NumPy's answers, without an array between."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same

V = np.linspace(-1.0, 2.0, 7)
M = np.linspace(0.5, 3.0, 20).reshape(4, 5)


def joined(x):
    return np.concatenate((x[:1], 2.0 * x[1:-1] + x[2:], np.sin(x), x[-1:] * 3.0))


def joined_columns(x):
    return np.concatenate((x * 2.0, x[:, :1] + 1.0, np.exp(x)), axis=1)


def stacked(x):
    return np.stack((x * 2.0, x + 1.0, x * x))


def stacked_behind(x):
    return np.stack((x * 2.0, x + 1.0), axis=-1)


def interior(x):
    out = np.zeros((x.shape[0] + 2, x.shape[1] + 2))
    out[1:-1, 1:-1] = x * 2.0 + 1.0
    return out


def every_second(x):
    out = np.zeros(2 * len(x))
    out[::2] = x * 3.0
    out[-1::-2] = np.cos(x)
    return out


def a_sum(x):
    out = np.zeros(5)
    out[:] = np.sum(x, axis=0)
    return out


def a_row(x):
    out = np.zeros(x.shape)
    for i in range(len(x)):
        out[i] = x[i] * x[i - 1]
        out[:, i] = out[:, i] + 1.0
    return out


def broadcast(x):
    out = np.zeros((3, len(x)))
    out[1:] = x * x
    out[:, 1:2] = np.sum(x) * np.ones((3, 1)) + x[:1]
    return out


def between_two(x):
    u, w = x.copy(), x * 0.5
    for _ in range(3):
        w[1:-1] = u[:-2] * u[2:] + w[1:-1]
        u, w = w, u
    return u + w


def of_itself(x):
    u = x.copy()
    for _ in range(3):
        u[1:-1] = u[:-2] + u[2:] * 0.5
    return u


def copied_into(x):
    out = np.zeros(len(x) + 2)
    out[1:-1] = x[::-1].copy()
    out[2:] += x.copy()
    return out


PROGRAMS = [
    (joined, V), (joined_columns, M), (stacked, V), (stacked_behind, M), (interior, M), (interior, M[:, :0]),
    (every_second, V), (a_row, M[:, :4]), (a_sum, M), (a_sum, M[:1]), (broadcast, V), (between_two, V),
    (of_itself, V), (copied_into, V),
]  # fmt: skip


@pytest.mark.parametrize("f, x", PROGRAMS, ids=lambda f: getattr(f, "__name__", ""))
def test_as_in_numpy(f, x):
    same(tl.jit(f)(x), outcome(f, (x,)))
    whole = x.astype(np.int32)
    if f in (stacked, interior, every_second):
        same(tl.jit(f)(whole), outcome(f, (whole,)))


@pytest.mark.parametrize("f, x", PROGRAMS, ids=lambda f: getattr(f, "__name__", ""))
def test_derivatives(f, x):
    check_derivatives(lambda u: np.sum(f(u) * np.cos(f(u))), (x,))


@pytest.mark.parametrize("threads", (1, 2))
def test_by_several_threads(threads):
    """Large enough to be cut in blocks, which write to their parts of the window."""
    x = np.linspace(0.0, 1.0, 300_000)
    before = tl.get_num_threads()
    tl.set_num_threads(threads)
    try:
        same(tl.jit(joined)(x), outcome(joined, (x,)))
        same(tl.jit(interior)(x.reshape(1000, 300)), outcome(interior, (x.reshape(1000, 300),)))
    finally:
        tl.set_num_threads(before)


def test_there_is_no_array_between():
    x = np.linspace(0.0, 1.0, 10_000)
    f = tl.jit(lambda x: np.concatenate((x[:1], x[1:] * 2.0, x)))
    assert f.memory(x).arrays < 2.5 * x.nbytes


def test_equal_loops_are_one_function():
    """The layers of a network have one code."""

    def layers(x, a, b):
        for w in (a, b):
            x = np.maximum(x @ w + 1.0, 0.0)
        return x

    square = np.linspace(-1.0, 1.0, 9).reshape(3, 3)
    f = tl.jit(layers)
    same(f(square, square * 2.0, square + 1.0), outcome(layers, (square, square * 2.0, square + 1.0)))
    assert f.inspect_llvm().count("define internal fastcc void @nest.") == 2  # it, and its parts for threads
