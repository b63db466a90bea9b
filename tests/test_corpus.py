"""Every program of the corpus, by every engine: native code, its derivatives, the interpreter at each stage."""

import inspect
import re
import sys
from functools import partial

import oracles
import pytest
import tapeless as tl
from engines import Printed, difference, run, stages
from oracles import close, same
from programs import PROGRAMS

sys.setrecursionlimit(20_000)

RTOL = 1e-9
ACCEPTED = [p for p in PROGRAMS if p.trial.refused is None]
SUCCEEDING = [p for p in ACCEPTED if not p.trial.raises]


@pytest.fixture(scope="module")
def printed():
    return Printed()


MODES = ("reverse", "auto")  # which goes forward through loops and recursion


def _equal(trial):
    """How values are compared: to the bit, unless the trial says otherwise."""
    if trial.inexact:
        return partial(close, rtol=RTOL, atol=1e-12, joined=trial.joined)
    return partial(same, joined=trial.joined)


def _want(p, printed):
    """What CPython does; where the program takes derivatives, CPython on the oracle's."""
    return run(p.twin if p.name.startswith("derivatives.") else p.function, p.trial.args, printed=printed)


def _check(p, f, printed):
    got = run(f, p.trial.args, printed=printed)
    if p.trial.differs:
        assert type(got.error) is p.trial.raises, got
    else:
        assert not difference(got, _want(p, printed), _equal(p.trial))


@pytest.mark.parametrize("p", ACCEPTED, ids=str)
def test_native_code_agrees_with_cpython(p, printed, capfd):
    with capfd.disabled():
        _check(p, tl.jit(p.function), printed)


@pytest.mark.parametrize("p", ACCEPTED, ids=str)
def test_the_interpreter_agrees_at_each_stage(p, printed, capfd):
    with capfd.disabled():
        for name, f in stages(p.function, p.trial.args).items():
            if name == "parse" and p.trial.differs:
                continue  # operators are still CPython's own there, with its unbounded ints
            try:
                _check(p, f, printed)
            except AssertionError as e:
                raise AssertionError(f"at stage {name}: {e}") from None


def _derivatives(p, mode):
    """(argument number, order, the function of that derivative, what it must give)."""
    for n in p.trial.grad:
        f = p.function
        for order in range(1, p.trial.order + 1 if isinstance(p.trial.args[n], float) else 2):
            f = tl.grad(f, argnums=n, mode=mode)
            yield n, order, f, oracles.derivative(p.twin, p.trial.args, n, order)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("p", [p for p in SUCCEEDING if p.trial.grad], ids=str)
def test_derivatives_are_exact(p, mode, capfd):
    with capfd.disabled():
        for n, order, f, want in _derivatives(p, mode):
            got = f(*p.trial.args)
            size = 1e-3 + max((abs(v) for v in oracles.leaves(want)), default=0.0)
            tolerance = RTOL * 10 ** (order - 1)
            assert close(got, want, tolerance, tolerance * size), (n, order, got, want)


@pytest.mark.parametrize("p", [p for p in SUCCEEDING if p.trial.grad], ids=str)
def test_forward_mode_agrees(p, capfd):
    args, grad = p.trial.args, p.trial.grad
    if not all(isinstance(a, float) for a in args):
        pytest.skip("a tangent for each argument is needed")
    with capfd.disabled():
        tangents = tuple(float(i in grad) * (i + 1.5) for i in range(len(args)))
        got, want = tl.jvp(p.function, args, tangents), oracles.jvp(p.twin, args, tangents)
        assert close(got, want, RTOL, RTOL * 1e-3), (got, want)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("p", [p for p in ACCEPTED if p.trial.raises and p.trial.grad], ids=str)
def test_derivatives_raise_what_the_program_raises(p, mode, capfd):
    with capfd.disabled():
        for n in p.trial.grad:
            with pytest.raises(p.trial.raises) as caught:
                tl.grad(p.function, argnums=n, mode=mode)(*p.trial.args)
            assert not isinstance(caught.value, tl.TapelessError)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("p", [p for p in SUCCEEDING if p.trial.grad and p.trial.printed is not None], ids=str)
def test_derivatives_print_what_the_program_prints(p, mode, printed, capfd):
    with capfd.disabled():
        for order in (1, 2):
            f = p.function
            for _ in range(order):
                f = tl.grad(f, argnums=p.trial.grad[0], mode=mode)
            assert run(f, p.trial.args, printed=printed).printed == p.trial.printed


@pytest.mark.parametrize("p", [p for p in PROGRAMS if p.trial.refused is not None], ids=str)
def test_refusals_name_the_line(p):
    source, first = inspect.getsourcelines(p.function)
    line = next(first + i for i, text in enumerate(source) if "# refused" in text)
    with pytest.raises(tl.TapelessError) as caught:
        tl.jit(p.function)(*p.trial.args)
    assert not isinstance(caught.value, tl.InternalError)
    assert re.search(rf"\b{line}\b", str(caught.value)), str(caught.value)
    assert p.trial.refused in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 12


@pytest.mark.parametrize("p", [p for p in PROGRAMS if p.name.startswith("effects.") and p.trial.raises], ids=str)
def test_errors_stand_at_the_users_line(p, printed, capfd):
    with capfd.disabled():
        filename = inspect.getsourcefile(p.function)
        want = run(p.function, p.trial.args, filename)
        if want.error is None:
            return  # CPython does not raise it
        got = run(tl.jit(p.function), p.trial.args, filename)
        assert not difference(got, want, lines=True)
