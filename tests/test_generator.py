"""The generator itself: its programs run in CPython and are what it says; the oracle is right about them."""

import collections

import oracles
import pytest
from checking import Batch, Case, Checker, compiler
from duals import notes
from fuzz import FEATURES
from generator.program import generate
from generator.shrink import shrink
from hypothesis import HealthCheck, given, settings
from strategies import programs

COUNT = 400


@pytest.fixture(scope="module")
def checked():
    """Verdicts and programs of COUNT seeds, with the oracle in the compiler's place."""
    checker = Checker(compiler("cpython"), lines=True)
    made = [generate(f"test:{i}") for i in range(COUNT)]
    batches = [
        (p, batch) for i in range(0, COUNT, 50) for batch in [checker.batch(made[i : i + 50])] for p in made[i : i + 50]
    ]
    return [(p, batch, checker.check(p, batch)) for p, batch in batches]


def test_programs_run_without_surprises(checked):
    kinds = collections.Counter(v.kind for _, _, v in checked)
    assert set(kinds) <= {"", "rejected"}, [v for _, _, v in checked if v.kind not in ("", "rejected")][:3]
    assert kinds[""] > 0.85 * COUNT


def test_every_feature_is_in_a_fifth_of_the_programs(checked):
    passed = [v for _, _, v in checked if not v.kind]
    share = collections.Counter(f for v in passed for f in [*v.features, *["raised"] * v.raised])
    assert {f: share[f] / len(passed) for f in FEATURES if share[f] < 0.2 * len(passed)} == {}


def test_most_programs_have_a_derivative_to_compare(checked):
    passed = [v for _, _, v in checked if not v.kind]
    assert sum(v.derivatives > 0 for v in passed) > 0.6 * len(passed)


def test_the_oracle_agrees_with_differences(checked):
    compared = 0
    for program, batch, verdict in checked[:250]:
        if verdict.kind or program.result != "float" or program.inner:
            continue
        case = Case(program, batch, Checker(compiler("cpython")))
        case.choose_calls()
        for args, want in case.calls[:1]:
            if want.error is not None:
                continue
            notes.reset()
            exact = oracles.derivative(case.twin, args)
            if notes.tie or notes.near:
                continue  # at the edge of a branch the two sides differ
            try:
                best, doubt = oracles.extrapolated(case.plain, args, h0=1e-4)
            except (ArithmeticError, ValueError, RuntimeError, AssertionError):
                continue  # an error nearby
            if doubt < 1e-6 * max(1.0, abs(best)):
                compared += abs(exact - best) <= 1e-4 * max(1.0, abs(best))
                assert abs(exact - best) <= 1e-4 * max(1.0, abs(best)), (program.seed, args)
    assert compared > 80


@pytest.mark.parametrize("wrong", ["value", "derivative", "error"])
def test_a_wrong_compiler_is_found_out(checked, wrong):
    def jit(f):
        def compiled(*args):
            try:
                y = f(*args)
            except ArithmeticError:
                return 0.0 if wrong == "error" else f(*args)
            return y * (1.0 + 3e-16) if wrong == "value" and isinstance(y, float) else y

        return compiled

    def grad(f, argnums=0):
        g = oracles.grad(f, argnums)
        return (lambda *a: 1e-6 + g(*a)) if wrong == "derivative" and argnums == 0 else g

    checker = Checker(compiler("cpython"))
    checker.compiled.jit, checker.compiled.grad = jit, grad
    verdicts = []
    for program, batch, verdict in checked[:150]:
        if not verdict.kind:
            case = Case(program, batch, checker)
            case.function = case.twin
            case.choose_calls()
            verdicts.append(any(problem for _, problem in case.problems()))
    assert sum(verdicts) > 5


def test_seeds_reproduce():
    assert generate("a:1").source == generate("a:1").source


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_hypothesis_draws_programs_that_compile(program):
    compile(program.text, program.name, "exec")


def test_shrinking_keeps_what_fails_and_drops_the_rest():
    program = next(p for i in range(99) if "while" in (p := generate(f"shrink:{i}")).source and len(p.source) > 900)
    small = shrink(program, lambda p: "while" in p.source, seconds=5.0)
    assert "while" in small.source and len(small.source) < len(program.source) / 3
    compile(small.text, "small", "exec")


def test_a_batch_is_the_same_line_for_line(tmp_path):
    made = [generate(f"lines:{i}") for i in range(5)]
    batch = Batch(made, tmp_path)
    for p in made:
        lines = [getattr(m, p.name).__code__.co_firstlineno for m in (batch.plain, batch.twin)]
        assert lines[0] == lines[1]
