"""Where things stand in the user's source, and the errors that show it.

A compile error prints at most twelve lines: what was found, the line with a caret, and what to do. An internal error
names the pass and the invariant that broke. What fails at run time is not here: it raises Python's own exceptions.
"""

from __future__ import annotations

import builtins
import linecache
from typing import Any

from tapeless.ir.dataclass import dataclass


@dataclass(frozen=True)
class Span:
    """A range of source text: lines count from 1, columns from 0 (in characters); `end` is exclusive."""

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    function: str = ""
    caller: Span | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"


@dataclass(frozen=True)
class Note:
    """A further place that belongs to an error, with what it has to do with it."""

    text: str
    span: Span | None = None


class TapelessError(Exception):
    """The base of all errors that tapeless itself raises.

    `message` says what was found and what was expected; `span` where; `notes` other places; `hint` what to do.
    """

    title = "error"

    def __init__(self, message: str, span: Span | None = None, notes: tuple[Note, ...] = (), hint: str = "") -> None:
        self.message, self.span, self.notes, self.hint = message, span, notes, hint
        super().__init__(render(self.title, message, span, notes, hint))


class UnsupportedError(TapelessError):
    """The program uses a part of Python that tapeless does not compile."""

    title = "unsupported"


class InferenceError(TapelessError):
    """The types of the program do not fit together, or cannot be found.

    It may be gone if the ints were known that are the `undecided` inputs of the program.
    """

    title = "type error"
    undecided: frozenset[str] = frozenset()


class DifferentiationError(TapelessError):
    """The derivative that was asked for does not exist or is not supported."""

    title = "cannot differentiate"


class UsageError(TapelessError):
    """A function of tapeless itself was called in a wrong way."""

    title = "usage"


class InternalError(TapelessError):
    """A defect of tapeless: the pass `where` broke the invariant in the message."""

    title = "internal error in tapeless"


def exception_class(name: str) -> Any:
    """The exception of a name: one of Python's, or NumPy's `LinAlgError`; None if there is none."""
    if name == "LinAlgError":
        import numpy

        return numpy.linalg.LinAlgError
    return getattr(builtins, name, None)


def render(title: str, message: str, span: Span | None, notes: tuple[Note, ...], hint: str) -> str:
    """The text of an error, at most twelve lines."""
    lines = [f"{title}: {message}"]
    if span is not None:
        lines += [f"  --> {span}", *excerpt(span)]
    for note in notes[:2]:
        lines.append(f"  = {note.text}" + (f" ({note.span})" if note.span else ""))
    if hint:
        lines.append(f"  = hint: {hint}")
    return "\n".join(lines[:12])


def excerpt(span: Span) -> list[str]:
    """The source line of a span with carets below it; nothing where the source is not to be had."""
    text = linecache.getline(span.file, span.line).rstrip("\n")
    if not text:
        return []
    number = str(span.line)
    gutter = " " * len(number)
    end = span.end_column if span.end_line == span.line else len(text)
    width = max(1, end - span.column)
    return [f"{gutter} |", f"{number} | {text}", f"{gutter} | {' ' * span.column}{'^' * width}"]
