"""Golden texts: whole programs at stages (golden/), single passes (passes/). `pytest --update-golden` rewrites them.

`golden/<program>/infer.tl` and `opt.tl` show the program itself, `lower.tl` its derivative by the first argument.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from tapeless import pipeline
from tapeless.cli import main
from tapeless.ir.parser import parse
from tapeless.ir.printer import show

HERE = Path(__file__).parent
PROGRAMS = sorted(HERE.glob("golden/*/program.py"))
PASSES = sorted(HERE.glob("passes/*.tl"))
RUN, RULE = "# RUN: ", "# ----\n"


def tapeless(*command: str, text: str = "") -> str:
    done = CliRunner().invoke(main, command, input=text)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("stage", ("infer", "opt", "lower"))
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.parent.name)
def test_a_program_at_a_stage(path, stage, golden):
    types = path.read_text(encoding="utf-8").split('TYPES = "')[1].split('"')[0]
    derivative = ("--grad", "0", "--mode", "reverse") if stage == "lower" else ()
    text = tapeless("ir", f"{path}:{path.parent.name}", "--args", types, "--stage", stage, *derivative)
    assert show(parse(text)).rstrip("\n") == text.rstrip("\n")
    golden(path.with_name(f"{stage}.tl"), text)


@pytest.mark.parametrize("path", PASSES, ids=lambda p: p.stem)
def test_a_pass(path, golden):
    """The first line is a command, what stands above the rule its input, what stands below its output."""
    head = path.read_text(encoding="utf-8").partition(RULE)[0]
    command, _, source = head.partition("\n")
    assert command.startswith(RUN), f"{path} begins with {RUN!r}"
    golden(path, f"{head}{RULE}{tapeless(*shlex.split(command.removeprefix(RUN)), '-', text=source)}")


def test_each_pass_has_a_golden_test():
    commands = [path.read_text(encoding="utf-8").partition("\n")[0] for path in PASSES]
    assert {command.partition("--passes=")[2] for command in commands} >= set(pipeline.PASSES)
