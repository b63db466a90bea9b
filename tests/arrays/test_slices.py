"""Slices, over sizes at which their parts are all, some or nothing; and arrays without dimensions."""

import itertools
import random

import numpy as np
import pytest
import tapeless as tl
from array_checks import outcome, same


def bound(choose):
    return choose(["", "", "0", "1", "2", "-1", "-2", "3", "-3", "5", "-5"])


def vector_slices(count):
    choose = random.Random(1).choice
    return sorted({f"{bound(choose)}:{bound(choose)}:{choose(['', '1', '2', '-1', '3', '-2'])}" for _ in range(count)})


@pytest.mark.parametrize("key", vector_slices(60))
def test_slices_of_vectors(key):
    f = tl.from_source(f"def f(x):\n    return x[{key}]\n")
    compiled = tl.jit(f)
    for n in (0, 1, 2, 3, 4, 7):
        x = np.arange(float(n))
        same(compiled(x), f(x))


BOUNDS = (-(2**63), -4, -1, 0, 2, 3, 2**62)
STEPS = (-(2**63), -3, -1, 0, 1, 2, 2**63 - 1)


@pytest.mark.parametrize(
    "f", [lambda x, a, b, c: x[a:b:c], lambda x, a, b, c: x[a::c], lambda x, a, b, c: 2.0 * x[:b:c] + x[::c][0]]
)
def test_slices_that_are_not_known(f):
    compiled = tl.jit(f)
    for n in (0, 1, 3):
        x = np.arange(float(n))
        for bounds in itertools.product(BOUNDS, BOUNDS, STEPS):
            same(outcome(compiled, (x, *bounds)), outcome(f, (x, *bounds)))


def programs(count):
    choose = random.Random(3).choice

    def part():
        a = f"{bound(choose)}:{bound(choose)}"
        return choose(["0", "-1", "1", ":", ":", f"{a}:{choose(['', '1', '2', '-1'])}", a, "None"])

    found = {}
    while len(found) < count:
        key = ", ".join(part() for _ in range(choose([1, 2, 2, 3])))
        if sum(p.strip() != "None" for p in key.split(",")) <= 2:
            forms = (
                "x[{}]",
                "x[{0}] * 2.0 + x[{0}]",
                "np.sum(x[{}])",
                "x.T[{}]",
                "np.ravel(x[{}])",
                "x[{}].reshape(-1)",
            )
            found[choose(forms).format(key)] = None
    return list(found)


@pytest.mark.parametrize("expression", programs(60))
def test_parts_of_matrices(expression):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(x):\n    return {expression}\n")
    compiled = tl.jit(f)
    for shape in ((3, 4), (2, 2), (1, 3), (4, 1), (0, 3), (2, 5)):
        x = np.arange(float(np.prod(shape))).reshape(shape)
        try:
            found = outcome(compiled, (x,))
        except tl.InferenceError as refused:
            assert "reshape" in expression or "not supported" in str(refused)
            continue
        same(found, outcome(f, (x,)))


A = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.squeeze(a[None, :1, :1]),
        lambda a: np.squeeze(a[None, :1, :1])[()],
        lambda a: np.squeeze(a[:1, :1]) * 2 + a[0, 0],
        lambda a: np.squeeze(a[:1]),
        lambda a: np.squeeze(a[-1:, 1:2]).sum(),
        lambda a: a[:1] + a,
        lambda a: np.exp(np.squeeze(a[:1, :1])),
        lambda a: np.squeeze(a[:1, :1]).reshape(1, 1),
    ],
)
def test_squeezed(f):
    same(tl.jit(f)(A), f(A))


def test_an_array_without_dimensions_has_a_derivative():
    slope = tl.grad(lambda a: np.squeeze(a[:1, :1])[()] ** 2 + a[1, 2])
    np.testing.assert_array_equal(slope(A + 1.5), [[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
