"""The benchmarks compute what they claim to: each program at a small size against C, CPython and differences."""

from __future__ import annotations

import functools
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tapeless as tl

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import call
import indexed
import memory
import order
import recursion
import scalar
from harness import Native, measure, python_timer

GROUPS = (scalar, recursion, order, call)
CASES = [pytest.param(g, p, id=p.name.replace(" ", "-")) for g in GROUPS for p in g.PROGRAMS]
gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="the derivatives by hand are C")


def differences(f, args, i, h=1e-4):
    """The derivative by the i-th argument, by central differences of order 4."""

    def at(step):
        return f(*args[:i], args[i] + step, *args[i + 1 :])

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


@pytest.fixture(scope="module")
def native():
    return functools.cache(lambda group: Native(group.C))


@gcc
@pytest.mark.parametrize(("group", "p"), CASES)
def test_derivatives_by_hand(group, p, native):
    """C against CPython: the value, and the gradient against differences; above order 1 against the order below."""
    value, *gradient = native(group).derivative(p, p.small)
    assert math.isclose(value, p.fn(*p.small), rel_tol=1e-12)
    f = p.fn if p.order == 1 else below(group, p, native)
    expected = [differences(f, p.small, i) for i in range(p.floats)]
    assert gradient == pytest.approx(expected, rel=1e-7, abs=1e-7)


def below(group, p, native):
    """The derivative of the order before, by C."""
    lower = next(q for q in group.PROGRAMS if q.fn is p.fn and q.order == p.order - 1)
    return lambda *args: native(group).derivative(lower, args)[1]


@gcc
@pytest.mark.parametrize("mode", ("auto", "reverse", "forward"))
@pytest.mark.parametrize(("group", "p"), CASES)
def test_tapeless_agrees(group, p, mode, native):
    expected = native(group).derivative(p, p.small)
    got = p.derivative(mode)(*p.small)
    if p.order == 1:
        value, gradient = got
        assert value == p.fn(*p.small)
        assert list(gradient) == pytest.approx(expected[1:], rel=1e-10)
    else:
        assert got == pytest.approx(expected[1], rel=1e-9)


@pytest.mark.parametrize("kind", memory.KINDS, ids=[k.name for k in memory.KINDS])
def test_memory_programs(kind):
    args = kind.args(20)
    assert tl.grad(kind.fn, 0, "reverse")(*args) == pytest.approx(differences(kind.fn, args, 0), rel=1e-6)


def test_peers_are_timed():
    times = measure({"plain": python_timer(call.square, (2.0,))})
    assert times["plain"] > 0.0


@pytest.mark.parametrize("kind", indexed.KINDS, ids=lambda k: k.fn.__name__)
def test_indexed_programs(kind):
    x = np.linspace(0.1, 1.2, 9)
    moved = [[np.where(np.arange(9) == i, x + h, x) for h in (1e-4, -1e-4)] for i in range(9)]
    expected = [(kind.fn(more) - kind.fn(less)) / 2e-4 for more, less in moved]
    assert tl.grad(kind.fn)(x) == pytest.approx(expected, rel=1e-6)
    seconds, size = indexed.costs(kind, 100)
    assert seconds > 0 and 8 <= size <= 200
