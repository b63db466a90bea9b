"""Running a program by one engine, and what came of it: a value or an exception, and what was printed.

The engines are CPython, the compiler (`tl.jit`, `tl.grad`, ...) and the IR interpreter at each stage; `reference` is
CPython where the program takes no derivatives itself, else CPython on the oracle's `tl`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracles import same


@dataclass
class Outcome:
    """What a call did. `line` is the line in the program's own file where the exception was raised."""

    value: Any = None
    error: BaseException | None = None
    line: int = 0
    printed: str | None = None

    def __str__(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__}({str(self.error)[:300]!r})"
        return f"{self.value!r}"


def run(f: Callable, args: tuple, filename: str = "", printed: Printed | None = None) -> Outcome:
    """Call f(*args)."""
    outcome = Outcome()
    with printed.capture() if printed else contextlib.nullcontext():
        try:
            outcome.value = f(*args)
        except Exception as e:
            outcome.error = e
            frames = [s.lineno for s in traceback.extract_tb(e.__traceback__) if s.filename == filename]
            outcome.line = frames[-1] or 0 if frames else 0
            e.__traceback__ = None
    if printed:
        outcome.printed = printed.text
    return outcome


class Printed:
    """Captures what is written to file descriptor 1, by Python or by native code."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.libc = ctypes.CDLL(None)
        self.text = ""

    def flush(self) -> None:
        sys.stdout.flush()
        self.libc.fflush(None)

    @contextlib.contextmanager
    def capture(self):
        self.flush()
        keep = os.dup(1)
        os.dup2(self.file.fileno(), 1)
        try:
            yield
        finally:
            self.flush()
            os.dup2(keep, 1)
            os.close(keep)
            size = os.lseek(self.file.fileno(), 0, os.SEEK_CUR)
            if size:
                self.text = os.pread(self.file.fileno(), size, 0).decode()
                os.ftruncate(self.file.fileno(), 0)
                os.lseek(self.file.fileno(), 0, os.SEEK_SET)
            else:
                self.text = ""


def difference(got: Outcome, want: Outcome, equal: Callable[[Any, Any], bool] = same, lines: bool = False) -> str:
    """What is wrong with `got`, or the empty string."""
    if want.error is not None or got.error is not None:
        if type(got.error) is not type(want.error):
            return f"{got} instead of {want}"
        if str(want.error).startswith("e:") and str(got.error) != str(want.error):
            return f"{got} instead of {want}"
        if lines and got.line != want.line:
            return f"{want} raised at line {got.line} instead of {want.line}"
    elif not equal(got.value, want.value):
        return f"{got} instead of {want}"
    if got.printed != want.printed:
        return f"printed {got.printed!r} instead of {want.printed!r}"
    return ""


def stages(f: Callable, args: tuple) -> dict[str, Callable]:
    """By the name of each stage of compilation, the interpreter of the graph there."""
    from tapeless import oracle

    return oracle.interpreters(f, args)
