"""The table of kernels of one function: which are compiled, whether they are still right, which one a call takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tapeless import driver, pipeline
from tapeless.backend.kernel import Kernel
from tapeless.frontend import Program
from tapeless.ir.diagnostics import UsageError
from tapeless.ir.printer import show
from tapeless.signature import Key, key_of

Signature = tuple[Key, ...]


@dataclass
class Shared:
    """A program with its kernels by signature; functions that differ only in what they captured share one."""

    program: Program
    kernels: dict[Signature, Kernel] = field(default_factory=dict)


_SHARED: dict[Any, list[Shared]] = {}
LIMIT = 512
"""How many programs are kept; the least recently read go first."""


def shared(fn: Callable[..., Any], transforms: tuple[driver.Transform, ...]) -> Shared:
    """The program of a function: one that was read before, if all that it relies on holds for this function too."""
    key = (getattr(fn, "__code__", fn), transforms)
    candidates = _SHARED.pop(key, [])
    _SHARED[key] = candidates  # now the most recent
    for s in candidates:
        if all(g.holds(fn) for g in s.program.guards):
            return s
    candidates.append(Shared(driver.read(fn)))
    if len(candidates) > 8:
        candidates.pop(0)
    while len(_SHARED) > LIMIT:
        _SHARED.pop(next(iter(_SHARED)))
    return candidates[-1]


class Table:
    """The kernels that one function's calls go to."""

    def __init__(self, function: Any, fn: Callable[..., Any], transforms: tuple[driver.Transform, ...]) -> None:
        self.function, self.fn, self.transforms = function, fn, transforms
        self.last: Signature | None = None
        self._shared: Shared | None = None

    @property
    def shared(self) -> Shared:
        """The program and its kernels, looked up again when something that they rely on has changed."""
        if self._shared is None or not all(g.holds(self.fn) for g in self._shared.program.guards):
            self._shared = shared(self.fn, self.transforms)
        return self._shared

    @property
    def kernels(self) -> dict[Signature, Kernel]:
        """Kernels by the types of hidden and visible arguments."""
        return self.shared.kernels

    def call(self, *args: Any, **keywords: Any) -> Any:
        """A call from Python: find or make the kernel for the types of the arguments."""
        if keywords:
            args = self._positional(args, keywords)
        s = self.shared
        hidden = s.program.fetch(self.fn)
        signature = tuple(map(key_of, (*hidden, *args)))
        kernel = s.kernels.get(signature)
        if kernel is None:
            kernel = self._compile(s, signature, hidden)
        if not hidden and not any(g.path for g in s.program.guards):
            type(self.function).__call__ = kernel.call  # no more Python between the caller and the kernel
        return kernel.call(*hidden, *args)

    def _compile(self, s: Shared, signature: Signature, hidden: list[Any]) -> Kernel:
        name = getattr(self.fn, "__name__", "function")
        visible = signature[len(hidden) :]
        kernel = driver.compile_program(s.program, self.transforms, signature, visible, name, self.call)
        s.kernels[signature] = kernel
        self.last = visible
        return kernel

    def _positional(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        bound = inspect.signature(self.fn).bind(*args, **keywords)
        if bound.kwargs:
            raise UsageError("a compiled function cannot be called with keyword-only arguments from outside")
        return bound.args

    # -- looking inside -----------------------------------------------------------------------------------------------
    def kernel(self, args: tuple[Any, ...]) -> Kernel:
        """The kernel for these arguments, or the one compiled last."""
        if not args:
            if not self.kernels:
                raise UsageError("nothing is compiled yet", hint="pass arguments, or call the function first")
            return next(reversed(self.kernels.values()))
        s = self.shared
        hidden = s.program.fetch(self.fn)
        signature = tuple(map(key_of, (*hidden, *args)))
        return s.kernels.get(signature) or self._compile(s, signature, hidden)

    def show(self, stage: str, args: tuple[Any, ...]) -> str:
        """The text of the program at a stage."""
        keys = tuple(map(key_of, args)) if args else self.last
        if keys is None:
            raise UsageError("nothing is compiled yet", hint="pass arguments, or call the function first")
        if stage not in pipeline.STAGES:
            raise UsageError(f"there is no stage {stage!r}", hint="one of " + ", ".join(pipeline.STAGES))
        program = driver.read(self.fn)
        with driver.deep_recursion():
            root = driver.applied(program, self.transforms, len(keys))
            hidden = tuple(map(key_of, program.fetch(self.fn)))
            return show(pipeline.stages(root, driver.arguments((*hidden, *keys)))[stage])
