"""The exception of a place in the user's program, with a traceback that shows its line.

A traceback wants frames, so one is made: code that does nothing but raise, on the user's line of the user's file, under
the name of the user's function.
"""

from __future__ import annotations

from functools import lru_cache
from types import CodeType

from tapeless.ir.diagnostics import Span, exception_class


def exception(name: str, message: str, span: Span | None) -> BaseException:
    """An exception by its name, with the traceback of a span and the calls that led there."""
    kind = exception_class(name)
    error: BaseException = kind(message) if message else kind()
    chain: list[Span] = []
    while span is not None:
        chain.append(span)
        span = span.caller
    for place in chain:
        _raise_at(place, error)
    return error


def _raise_at(span: Span, error: BaseException) -> None:
    """Put a frame for a place around the traceback of an error."""
    scope = {"error": error}
    try:
        exec(_code(span.file, span.line, span.function), scope)
    except BaseException as raised:
        if raised is not error:
            raise
        assert error.__traceback__ is not None
        error.__traceback__ = error.__traceback__.tb_next
    finally:
        scope.clear()  # else the frame keeps the error, and the error the frame


@lru_cache(4096)
def _code(file: str, line: int, function: str) -> CodeType:
    code = compile("\n" * (line - 1) + "raise error", file, "exec")
    name = function.rpartition(".")[2] or "<module>"
    return code.replace(co_name=name, co_qualname=function or name)
