"""`memory`: the bytes that a call had in use, as the residuals and arrays of the program say."""

import numpy as np
import pytest
import tapeless as tl


def squares(x, n):
    y = 0.5
    for _ in range(n):
        y = y * y * x + 0.1
    return y


def oscillator(x, n):
    p = q = x
    for _ in range(n):
        p, q = p + 0.1 * q * q, q - 0.1 * p * p
    return p + q


def elementwise(x):
    return np.sum(np.exp(np.sin(x) * 2.0))


def recurrence(x):
    y = np.zeros(len(x))
    for i in range(1, len(x)):
        y[i] = y[i - 1] * y[i - 1] + x[i]
    return np.sum(y)


def depth(x, n):
    return x if n == 0 else depth(x * x + 0.1, n - 1)


@pytest.mark.parametrize("n", [0, 10, 1000, 10**7])
def test_frames_of_a_loop(n):
    gradient = tl.grad(squares, mode="reverse")
    assert 8 * n <= gradient.memory(0.9, n).frames <= 8 * n + 64
    assert gradient.memory(0.9, n).arrays == 0


def test_frames_of_other_programs():
    assert 16000 <= tl.grad(oscillator, mode="reverse").memory(0.1, 1000).frames <= 16064
    assert tl.jit(squares).memory(0.9, 1000).total == 0
    assert tl.grad(squares, mode="forward").memory(0.9, 1000).total == 0
    assert tl.grad(depth, mode="reverse").memory(0.1, 1000).frames == 0


def test_stack_of_a_recursion():
    gradient = tl.grad(depth, mode="reverse")
    few, many = gradient.memory(0.1, 1000).stack, gradient.memory(0.1, 201_000).stack
    assert 8 <= (many - few) / 200_000 <= 64
    assert gradient.memory(0.1, 1000).stack == few
    assert tl.grad(squares, mode="reverse").memory(0.9, 1000).stack == 0


def test_arrays():
    x = np.ones(1 << 17)
    size = x.nbytes
    assert tl.jit(elementwise).memory(x).total == 0
    gradient = tl.grad(elementwise)
    assert size <= gradient.memory(x).total <= 1.25 * size + 64
    assert gradient.memory(x) == gradient.memory(x)
    memory = tl.grad(recurrence).memory(x)
    assert size - 8 <= memory.frames <= 1.01 * size
    assert 2 * size <= memory.arrays <= 3 * 1.25 * size + 200


def test_what_was_measured_does_not_stay():
    gradient = tl.grad(squares, mode="reverse")
    expected = gradient(0.9, 10**5)
    gradient.memory(0.9, 10**5)
    assert gradient(0.9, 10**5) == expected
    with pytest.raises(ZeroDivisionError):
        tl.jit(lambda x, n: 1.0 / (n - n)).memory(1.0, 3)
    assert gradient(0.9, 10**5) == expected
    assert gradient.memory(0.9, 100).frames <= 900
