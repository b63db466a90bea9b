"""Array programs against NumPy; their derivatives against central differences, and against the interpreter's."""

import resource
from pathlib import Path

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, check_value, differences, ids, positions
from array_programs import DERIVATIVES, PRIMALS
from tapeless.ir.interpret import evaluate
from tapeless.ir.parser import parse

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("f, args", PRIMALS + DERIVATIVES, ids=ids(PRIMALS + DERIVATIVES))
def test_as_in_numpy(f, args):
    check_value(f, args)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_derivatives(f, args):
    check_derivatives(f, args)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_the_interpreter_agrees(f, args):
    by = positions(args)
    compiled = tl.grad(f, argnums=by)
    arrays = [np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in args]
    found = evaluate(parse(compiled.ir("lower", *arrays)), arrays)
    for x, y in zip(found, compiled(*arrays)):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_second_derivatives_of_programs(f, args):
    """The derivative of a weighted sum of a gradient, by the first argument, against differences of the gradient."""
    first, *rest = args
    weights = np.cos(np.arange(first.size)).reshape(first.shape) if isinstance(first, np.ndarray) else np.float64(0.7)
    if isinstance(first, int):
        pytest.skip("not by its first argument")
    programs = {
        0: lambda x: np.sum(tl.grad(f)(x) * weights),
        1: lambda x, y: np.sum(tl.grad(f)(x, y) * weights),
        2: lambda x, y, z: np.sum(tl.grad(f)(x, y, z) * weights),
    }
    found = tl.grad(programs[len(rest)])(*args)
    gradient = tl.grad(f)
    expected = differences(lambda *args: np.sum(gradient(*args) * weights), args, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_second_derivatives():
    def f(x):
        return np.sum(np.sin(x) * x)

    x = np.array([0.3, -1.2, 2.0])
    slope = tl.grad(lambda x: np.sum(tl.grad(f)(x) ** 2))
    first, second = np.cos(x) * x + np.sin(x), 2 * np.cos(x) - x * np.sin(x)
    np.testing.assert_allclose(slope(x), 2 * first * second, rtol=1e-12)


def test_a_scalar_through_arrays_in_a_loop():
    """Few floats, and a loop: the mode would be forward, which does not go through arrays."""

    def f(a, x, n):
        s = 0.0
        for i in range(n):
            s += np.sum(np.sin(a * x)) * i
        return s

    x = np.array([0.3, -1.2, 2.0])
    assert tl.grad(f)(0.3, x, 3) == pytest.approx(3 * np.sum(np.cos(0.3 * x) * x))
    assert tl.grad(tl.grad(f))(0.3, x, 3) == pytest.approx(-3 * np.sum(np.sin(0.3 * x) * x * x))


def test_calls_leave_nothing_allocated():
    def f(x, n):
        y = x
        for _ in range(n):
            y = np.sin(y) * x
        return np.sum(y)

    gradient, x = tl.grad(f), np.ones(10_000)
    gradient(x, 20)
    before = resident()
    for _ in range(200):
        gradient(x, 20)
    assert resident() - before < 8 << 20


def resident():
    """Bytes of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
