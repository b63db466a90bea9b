"""From Python source to SOURCE graphs: `load(function)` gives a `Program`; `from_source(text)` a function of a text."""

from tapeless.frontend.program import Program, load
from tapeless.frontend.source import from_source

__all__ = ["Program", "from_source", "load"]
