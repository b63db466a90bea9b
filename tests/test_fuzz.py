"""The fuzzer: a short run over compiled programs, and its own machinery on programs that crash, hang or lie."""

import fuzz
import pytest


def options(*arguments):
    return fuzz.parser().parse_args(list(arguments))


def test_random_programs_compile_and_differentiate_correctly(capsys):
    run = fuzz.fuzz(options("--programs", "40", "--jobs", "2", "--minutes", "3", "--seed", "test"))
    assert run.failures == []
    assert run.passed >= 30


def test_random_programs_of_arrays_are_what_numpy_means():
    run = fuzz.fuzz(options("--kind", "arrays", "--programs", "10", "--jobs", "2", "--minutes", "2", "--seed", "test"))
    assert run.failures == []
    assert run.passed >= 5


PROGRAM = {"params": ["x"], "calls": [[0.5]], "features": [], "result": "float", "notes": {}}


def _item(seed, body):
    return PROGRAM | {"seed": seed, "name": f"main_{seed}", "source": f"def main_{seed}(x):\n    {body}\n"}


@pytest.fixture
def worker():
    worker = fuzz.Worker(options("--engine", "cpython", "--timeout", "5"))
    yield worker
    worker.stop()


def test_a_crash_counts_for_its_program_only(worker):
    crash = "return __import__('os').abort()"
    found = worker.check([_item("a", "return x * x"), _item("b", crash), _item("c", "return x + 1.0")])
    assert [(v["seed"], v["kind"]) for v in found] == [("a", ""), ("b", "crash"), ("c", "")]


def test_a_hang_counts_for_its_program_only(worker):
    hang = "return __import__('time').sleep(99)"
    found = worker.check([_item("a", hang), _item("b", "return x + 1.0")])
    assert [(v["seed"], v["kind"]) for v in found] == [("a", "hang"), ("b", "")]


def test_the_machinery_passes_programs_that_the_oracle_runs(capsys):
    run = fuzz.fuzz(options("--engine", "cpython", "--programs", "60", "--jobs", "2"))
    assert run.passed >= 60 and run.failures == []
    fuzz.report(run, 1.0)
    assert "60 passed" in capsys.readouterr().out or run.passed > 60


def test_the_machinery_passes_programs_of_arrays():
    run = fuzz.fuzz(options("--kind", "arrays", "--engine", "cpython", "--programs", "60", "--jobs", "2"))
    assert run.passed >= 60 and run.failures == []
