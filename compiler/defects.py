"""Defects of tapeless itself: what a pass did wrong becomes an `InternalError` that names the pass.

    with naming("simplify", graph):
        new = simplify(graph)

The program as it was before the pass is kept in a file of the text form, so that `tapeless opt FILE --passes simplify`
shows the defect again. What the user's program did wrong (any other `TapelessError`) passes through.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tapeless.ir.diagnostics import InternalError, Note, TapelessError, UnsupportedError
from tapeless.ir.nodes import Graph

HINT = "this is a defect of tapeless, not of your program: please report it with that file"


@contextmanager
def naming(where: str, subject: Graph | Callable[[], str]) -> Iterator[None]:
    """Give defects inside the block the name of a pass, and keep its input: a graph, or what makes a text of it."""
    try:
        yield
    except InternalError as error:
        if error.notes:  # an inner pass has named itself
            raise
        raise _named(where, error.message, error, subject) from error
    except (TapelessError, MemoryError):
        raise
    except RecursionError:
        raise UnsupportedError(
            "the program is nested too deeply to be compiled", hint="split it into functions"
        ) from None
    except Exception as error:
        raise _named(where, f"{type(error).__name__}: {error}", error, subject) from error


def _named(where: str, what: str, error: Exception, subject: Graph | Callable[[], str]) -> InternalError:
    message = what if what.startswith(f"{where}:") else f"{where}: {what}"
    message = message.partition("\n")[0]
    span = error.span if isinstance(error, InternalError) else None
    return InternalError(message, span, (Note(f"what {where} was given is in {keep(where, error, subject)}"),), HINT)


def keep(where: str, error: Exception, subject: Graph | Callable[[], str]) -> str:
    """Write all that a report needs to a file that stays; its path."""
    import traceback

    from tapeless.ir.printer import show

    try:
        text = show(subject, spans=True) if isinstance(subject, Graph) else subject()
    except Exception as again:  # it is broken: its text may be what cannot be made
        text = f"# the program cannot be shown: {type(again).__name__}: {again}\n"
    told = traceback.format_exception(error)
    head = [
        f"a defect in {where}; Python {platform.python_version()}, {platform.platform()}",
        *"".join(told).splitlines(),
    ]
    handle, path = tempfile.mkstemp(prefix=f"tapeless-{where}-", suffix=".tl")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"# {line}\n" for line in head)
        file.write(text)
    return path
