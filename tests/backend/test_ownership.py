"""References to buffers: nothing is read that was given up. Free buffers are overwritten in tests (TAPELESS_POISON)."""

import os

import numpy as np
import pytest
import tapeless as tl

V = np.linspace(0.5, 1.0, 600)


def test_free_buffers_are_overwritten_in_tests():
    assert os.environ.get("TAPELESS_POISON") == "1"


def its_own_start(v, n):
    w = v * 2.0
    u = w
    for _ in range(n):
        u = u * w
    return u


def twice(v, n):
    w = v * 2.0
    a, b = w, w
    for _ in range(n):
        a, b = a + w, b * a
    return a - b


def in_a_branch(v, n):
    w = v * 2.0
    u = w if n > 2 else v + 1.0
    return u * w


def given_twice(v, n):
    def both(a, b):
        return a * b + n

    w = v * 2.0
    return both(w, w) + w


@pytest.mark.parametrize("f", [its_own_start, twice, in_a_branch, given_twice])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_arrays_in_several_places(f, n):
    """One array as state of a loop, read in it, in a branch, as two arguments: as many references."""
    compiled = tl.jit(f)
    for _ in range(3):
        np.testing.assert_allclose(compiled(V, n), f(V, n), rtol=1e-14)


def test_second_derivatives_through_frames_of_arrays():
    def f(v, n):
        u = v
        for _ in range(n):
            z = np.sin(u)
            u = np.sum(z) * z * v
        return u @ v

    slope = tl.grad(f)
    curve = tl.grad(lambda v, n: np.sum(slope(v, n) * np.cos(v)))
    v, h = np.array([0.5, -1.0, 0.25, 2.0]), 1e-6
    weights = np.cos(v)
    ahead = [np.sum(slope(v + h * e, 2) * weights) for e in np.eye(4)]
    behind = [np.sum(slope(v - h * e, 2) * weights) for e in np.eye(4)]
    expected = (np.array(ahead) - np.array(behind)) / (2 * h) - np.sin(v) * slope(v, 2)
    np.testing.assert_allclose(curve(v, 2), expected, rtol=1e-5)
