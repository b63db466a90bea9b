"""Wrong programs and what is said about them: errors/*.py.

    # CALL: grad(f)(3)                          the call that fails
    # ERROR: DifferentiationError: by argument  the class of the error, and what its message begins with
    # NOTE: called here                         what else it says, if need be

The line that it points to has a comment `# here`, or below it one with the carets that the error shows. An error of
tapeless is raised while compiling; any other class is raised at run time, and CPython raises it too, at that line.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tapeless as tl

HERE = Path(__file__).parent / "errors"
PROGRAMS = sorted(HERE.glob("*.py"))
OURS = str(Path(tl.__file__).parents[1])
COUNT = itertools.count()
NATIVE_ONLY = ("int_overflow",)  # where CPython's ints go on


@dataclass
class Case:
    """A wrong program: its text, and what its comments say."""

    path: Path

    def __post_init__(self) -> None:
        self.lines = self.path.read_text(encoding="utf-8").splitlines()
        self.call = self.says("CALL")[0]
        self.error, _, self.message = self.says("ERROR")[0].partition(": ")
        self.line, self.carets = self._mark()

    def says(self, key: str) -> list[str]:
        return [line.partition(": ")[2] for line in self.lines if line.startswith(f"# {key}: ")]

    def _mark(self) -> tuple[int, str]:
        for number, line in enumerate(self.lines, 1):
            if line.endswith("# here"):
                return number, ""
            if re.fullmatch(r"# *\^+", line):
                return number - 1, line.replace("#", " ")
        raise AssertionError(f"{self.path} marks no line")

    def load(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"wrong_{next(COUNT)}", self.path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def raised(self, **transforms: Any) -> BaseException:
        """What the call raises, with these meanings of jit and grad."""
        with pytest.raises(Exception) as caught:
            eval(self.call, {"f": self.load().f, "math": math, **transforms})
        return caught.value

    def frames(self, error: BaseException) -> list[traceback.FrameSummary]:
        return traceback.extract_tb(error.__traceback__)


CASES = [Case(path) for path in PROGRAMS]
COMPILE = [c for c in CASES if hasattr(tl, c.error)]
RUN = [c for c in CASES if not hasattr(tl, c.error)]


@pytest.mark.parametrize("case", COMPILE, ids=lambda c: c.path.stem)
def test_a_compile_error_points_to_the_line(case):
    error = case.raised(jit=tl.jit, grad=tl.grad, taylor=tl.taylor)
    assert type(error) is getattr(tl, case.error), error
    assert error.message.startswith(case.message), error
    text = str(error).splitlines()
    column = len(case.carets) - case.carets.count("^")
    assert text[1].strip() == f"--> {case.path}:{case.line}:{column + 1}"
    gutter = f"{case.line} | "
    assert text[3] == gutter + case.lines[case.line - 1]
    if case.carets:
        assert text[4][len(gutter) :].rstrip() == case.carets
    for note in case.says("NOTE"):
        assert any(line.startswith("  = ") and note in line for line in text[5:]), error


@pytest.mark.parametrize("case", COMPILE, ids=lambda c: c.path.stem)
def test_a_compile_error_is_short_and_speaks_of_the_program_alone(case):
    text = str(case.raised(jit=tl.jit, grad=tl.grad, taylor=tl.taylor))
    assert len(text.splitlines()) <= 12
    assert "Traceback" not in text
    said = text.replace(str(case.path), "")
    assert OURS not in said
    quoted = "\n".join(case.lines)
    for name in re.findall(r"[%@▶∂][\w.]+", said):
        assert name in quoted, f"{name} is no name of the program"


@pytest.mark.parametrize("case", RUN, ids=lambda c: c.path.stem)
def test_a_run_time_error_is_cpythons_at_the_users_line(case):
    error = case.raised(jit=tl.jit, grad=tl.grad, taylor=tl.taylor)
    assert type(error).__name__ == case.error
    assert str(error).startswith(case.message)
    assert type(error).__module__ == "builtins"
    last = case.frames(error)[-1]
    assert (last.filename, last.lineno) == (str(case.path), case.line)


@pytest.mark.parametrize("case", [c for c in RUN if c.path.stem not in NATIVE_ONLY], ids=lambda c: c.path.stem)
def test_cpython_raises_the_same(case):
    error = case.raised(jit=lambda f: f, grad=lambda f: f)
    assert type(error).__name__ == case.error
    assert str(error).startswith(case.message)
    assert case.frames(error)[-1].lineno == case.line


def test_there_are_enough():
    assert len(COMPILE) >= 30 and len(RUN) >= 10
