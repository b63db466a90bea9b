"""The oracles against each other, on the corpus: exact derivatives against differences, and known results."""

import math
import sys

import oracles
import pytest
from duals import notes
from engines import Printed, difference, run
from oracles import close, same
from programs import PROGRAMS

sys.setrecursionlimit(20_000)


@pytest.fixture(scope="module")
def printed():
    return Printed()


def _inner(p):
    return p.name.startswith("derivatives.")


@pytest.mark.parametrize("p", [p for p in PROGRAMS if p.trial.refused is None], ids=str)
def test_the_expectations_hold_for_cpython(p, printed, capfd):
    t = p.trial
    with capfd.disabled():
        want = run(p.twin if _inner(p) else p.function, t.args, printed=printed)
        twin = run(p.twin, t.args, printed=printed)
    if t.raises and not t.differs:
        assert type(want.error) is t.raises
    elif not t.differs:
        assert want.error is None, want
    if t.printed is not None:
        assert want.printed == t.printed
    assert difference(twin, want) == ""


@pytest.mark.parametrize(
    "p", [p for p in PROGRAMS if p.trial.grad and p.trial.refused is None and not p.trial.raises], ids=str
)
def test_exact_derivatives_agree_with_differences(p):
    t = p.trial
    plain = p.twin if _inner(p) else p.function
    for n in t.grad:
        if not isinstance(t.args[n], float):
            continue
        notes.reset()
        for order in range(1, t.order + 1):
            lower = plain if order == 1 else lambda *a, k=order - 1, n=n: oracles.derivative(p.twin, a, n, k)
            exact = oracles.derivative(p.twin, t.args, n, order)
            assert isinstance(exact, float)
            best, doubt = oracles.extrapolated(lower, t.args, n, h0=1e-3)
            if doubt > 1e-5 * max(1.0, abs(best)) or notes.tie:
                continue  # a branch or a kink nearby: differences say nothing
            assert close(exact, best, 1e-5, 1e-5 + 20 * doubt), (order, n)


def test_most_derivatives_can_be_compared():
    comparable = total = 0
    for p in PROGRAMS:
        t = p.trial
        if t.grad and t.refused is None and not t.raises and isinstance(t.args[t.grad[0]], float):
            total += 1
            plain = p.twin if _inner(p) else p.function
            best, doubt = oracles.extrapolated(plain, t.args, t.grad[0], h0=1e-3)
            comparable += doubt <= 1e-5 * max(1.0, abs(best))
    assert comparable > 0.9 * total


def test_known_derivatives():
    f = lambda x: oracles.MATH.sin(x) * oracles.MATH.exp(x)  # noqa: E731
    x = 0.7
    assert math.isclose(oracles.derivative(f, (x,), 0, 4), -4 * f(x), rel_tol=1e-13)
    confused = lambda x: x * oracles.grad(lambda y: x + y)(1.0)  # noqa: E731
    assert oracles.grad(confused)(5.0) == 1.0
    y, pull = oracles.vjp(lambda a, t: (a * t[0], t[1]), 2.0, (3.0, 4.0))
    assert (y, pull((1.0, 2.0))) == ((6.0, 4.0), (3.0, (2.0, 2.0)))
    assert oracles.jvp(lambda a, b: a * b, (2.0, 3.0), (1.0, 10.0)) == (6.0, 23.0)
    assert oracles.grad(oracles.MATH.sqrt)(0.0) == math.inf


def test_same():
    assert same((1, -0.0, math.nan, None), (1, -0.0, math.nan, None))
    assert not same(0.0, -0.0) and not same(1, 1.0) and not same(True, 1) and not same((1,), (1, 2))
    assert same(1.0, 1, joined=True) and same(0.0, -0.0, joined=True) and not same(1, 1.0, joined=True)
