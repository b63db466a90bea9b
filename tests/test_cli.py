"""The command line: what it prints, where, and its exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tapeless import pipeline
from tapeless.cli import STAGES, main
from tapeless.ir.parser import parse
from tapeless.ir.printer import show

ROOT = Path(__file__).parents[1]
POWER = f"{ROOT / 'examples' / 'power.py'}:power"
PROGRAM = """
import math


def f(x, n=2):
    return x / n


def twice(t):
    a, b = t
    return b, a


def wrong(x):
    return x + undefined


def words(x):
    print("x is", x)
    return x


def other(x):
    return f(x, 0)


NUMBER = 3
"""


def tapeless(*command: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, command, input=text)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "some_program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


# -- ir ----------------------------------------------------------------------------------------------------------------
def test_ir_of_all_stages_is_each_stage_in_turn():
    done = tapeless("ir", POWER, "--args", "f64, i64", "--grad", "0", "--stage", "all")
    assert (done.exit_code, done.stderr) == (0, "")
    parts = re.split(r"^[#;] ---- (\w+)\n", done.stdout, flags=re.M)
    assert tuple(parts[1::2]) == STAGES
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in pipeline.STAGES:
            assert show(parse(text)).strip() == text.strip(), name
    assert "define" in parts[2 * STAGES.index("llvm") + 2]
    assert ".globl" in parts[2 * STAGES.index("asm") + 2]


def test_ir_goes_to_a_file(tmp_path):
    path = tmp_path / "out.tl"
    done = tapeless("ir", POWER, "--args", "f64, i64", "-o", str(path))
    assert (done.exit_code, done.stdout) == (0, "")
    assert path.read_text() == tapeless("ir", POWER, "--args", "f64, i64", "--stage", "lower").stdout


def test_ir_of_a_higher_order():
    first, second = (tapeless("ir", POWER, "--args", "f64, i64", "--order", n).stdout for n in "12")
    assert first == tapeless("ir", POWER, "--args", "f64, i64", "--grad", "0").stdout
    assert first != second
    assert (
        tapeless("ir", POWER, "--args", "f64, i64", "--order", "0").stdout
        == tapeless("ir", POWER, "--args", "f64, i64").stdout
    )


def test_an_early_stage_needs_no_later_one(program):
    done = tapeless("ir", f"{program}:f", "--args", "none", "--stage", "parse")
    assert (done.exit_code, "py.div" in done.stdout) == (0, True)
    assert tapeless("ir", f"{program}:f", "--args", "none", "--stage", "infer").exit_code == 1


# -- run ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "result"),
    [
        ((POWER, "2.0", "10"), "1024.0"),
        ((POWER, "2.0", "10", "--grad", "0"), "5120.0"),
        ((POWER, "2.0", "10", "--order", "3"), "92160.0"),
        ((POWER, "--grad", "0", "--order", "2", "-2.0", "3"), "-12.0"),
        (("{}:f", "-inf", "1"), "-inf"),
        (("{}:f", "math.pi", "1.0"), "3.141592653589793"),
        (("{}:f", "1.0", "4.0", "--grad", "0,1"), "(0.25, -0.0625)"),
        (("{}:f", "3.0"), "1.5"),
        (("{}:twice", "(1, (True, None))"), "((True, None), 1)"),
        (("math:sqrt", "4.0"), "2.0"),
    ],
)
def test_run_prints_the_repr(command, result, program):
    done = tapeless("run", *(c.format(program) for c in command))
    assert (done.exit_code, done.stdout, done.stderr) == (0, result + "\n", "")


def test_what_a_program_prints_comes_first(program):
    assert tapeless("run", f"{program}:words", "1.5").stdout == "x is 1.5\n1.5\n"


# -- exit codes --------------------------------------------------------------------------------------------------------
def test_a_run_time_exception_shows_the_users_frames_alone(program):
    done = tapeless("run", f"{program}:other", "1.0")
    assert (done.exit_code, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("ZeroDivisionError: ")
    assert {line.split('"')[1] for line in lines if line.startswith("  File ")} == {str(program)}


def test_a_compile_error_is_a_message(program):
    done = tapeless("run", f"{program}:wrong", "1.0")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("type error: name `undefined` is not defined\n")
    assert "Traceback" not in done.stderr


def test_a_file_that_fails_shows_its_own_frames(tmp_path):
    path = tmp_path / "failing.py"
    path.write_text("def f(x):\n    return x\n\n\nf(1.0) / 0\n")
    done = tapeless("run", f"{path}:f", "1.0")
    assert (done.exit_code, done.stdout) == (1, "")
    assert [line for line in done.stderr.splitlines() if "File" in line] == [f'  File "{path}", line 5, in <module>']


def test_a_set_cannot_be_passed(program):
    done = tapeless("run", f"{program}:f", "{1.0}")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("usage: an argument of type set")


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("ir",),
        ("ir", "no_colon"),
        ("ir", "no_such_file.py:f"),
        ("ir", "no_such_module:f"),
        ("ir", "no.such.module:f"),
        ("ir", "{}:no_such_function"),
        ("ir", "{}:NUMBER"),
        ("ir", "{}:f", "--args", "f65"),
        ("ir", "{}:f", "--args", "(f64"),
        ("ir", "{}:f", "--args", "f64", "--stage", "later"),
        ("ir", "{}:f", "--args", "f64", "--grad", "x"),
        ("ir", "{}:f", "--args", "f64", "--order", "-1"),
        ("ir", "{}:f", "--args", "f64, f64", "--grad", "0,1", "--order", "2"),
        ("run", "{}:f", "2.0 +"),
        ("run", "{}:f", "undefined"),
        ("opt", "-", "--passes", "simplify,faster"),
        ("opt", "no_such_file.tl", "--passes", "simplify"),
        ("opt", "-"),
        ("optimize",),
    ],
)
def test_a_wrong_command_line_is_2(command, program):
    done = tapeless(*(c.format(program) for c in command))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


def test_a_defect_is_70_and_keeps_the_graph(program, monkeypatch):
    def broken(root):
        raise KeyError("nothing")

    promote = pipeline.PASSES["promote"]
    monkeypatch.setitem(pipeline.PASSES, "promote", pipeline.Pass("promote", "", promote.needs, promote.gives, broken))
    done = tapeless("run", f"{program}:f", "1.0")
    assert (done.exit_code, done.stdout) == (70, "")
    assert done.stderr.startswith("internal error in tapeless: promote: KeyError: 'nothing'")
    assert "report" in done.stderr
    kept = Path(re.search(r"is in (\S+\.tl)", done.stderr)[1])
    monkeypatch.undo()
    again = tapeless("opt", str(kept), "--passes", "promote")
    assert (again.exit_code, "graph @program" in again.stdout) == (0, True)
    kept.unlink()


# -- opt ---------------------------------------------------------------------------------------------------------------
def test_opt_takes_what_ir_gives(tmp_path):
    path = tmp_path / "typed.tl"
    assert (
        tapeless("ir", POWER, "--args", "f64, i64", "--grad", "0", "--stage", "infer", "-o", str(path)).exit_code == 0
    )
    done = tapeless("opt", str(path), "--passes", "optimize, expand")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == tapeless("ir", POWER, "--args", "f64, i64", "--grad", "0", "--stage", "grad").stdout


@pytest.mark.parametrize(
    "text",
    [
        "graph @f(%x: float) -> float { return %y }",
        "graph",
        "graph @f(%x: float) -> float { %0: float = faster(%x) return %0 }",
        "graph @f(%x: float) -> int { return %x }",
    ],
)
def test_a_wrong_text_is_an_error_of_who_wrote_it(text):
    done = tapeless("opt", "-", "--passes", "simplify", text=text)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("usage: ")


# -- the process -------------------------------------------------------------------------------------------------------
def test_the_command_is_a_module_too():
    command = [sys.executable, "-m", "tapeless", "run", POWER, "2.0", "10", "--grad", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5120.0\n", "")


def test_help_loads_no_compiler():
    code = (
        "import sys, click.testing, tapeless.cli as c\n"
        "done = click.testing.CliRunner().invoke(c.main, ['ir', '--help'])\n"
        "assert done.exit_code == 0 and '--stage' in done.output\n"
        "print({'numpy', 'llvmlite', 'lark', 'tapeless.driver', 'tapeless.frontend'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("set()\n", "")
