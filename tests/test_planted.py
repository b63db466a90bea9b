"""Defects planted in the compiler, one at a time: the fuzzer finds each within 1000 programs."""

import fuzz
import planted
import pytest


def test_ten_defects_are_described():
    assert len({f.name for f in planted.FAULTS}) == 10
    with pytest.raises(StopIteration):
        planted.plant("no such defect")


@pytest.mark.slow
@pytest.mark.parametrize("fault", planted.FAULTS, ids=lambda f: f.name.replace(" ", "-"))
def test_a_planted_defect_is_found(fault, tmp_path, capsys):
    check_found(fault, "scalars")


@pytest.mark.slow
@pytest.mark.parametrize("fault", planted.ALIASING, ids=lambda f: f.name.replace(" ", "-"))
def test_a_planted_defect_of_aliasing_is_found(fault, tmp_path, capsys):
    check_found(fault, "arrays")


def check_found(fault, kind):
    """The fuzzer finds a defect, in programs that pass without it."""
    assert fault.target, f"{fault.name} has no place in the compiler yet"
    start = ["--kind", kind, "--seed", "0", "--jobs", "1"]
    arguments = [*start, "--programs", "1000", "--minutes", "10", "--first", "--timeout", "15", "--plant", fault.name]
    run = fuzz.fuzz(fuzz.parser().parse_args(arguments))
    assert run.failures, f"{fault.name} was not found in {run.passed} programs"
    seeds = [f["seed"] for f in run.failures]
    sound = fuzz.Worker(fuzz.parser().parse_args(start)).check(seeds)
    assert not all(v["kind"] for v in sound), "the programs fail without the defect as well"
