"""The table of kernels of one function: which are compiled, whether they are still right, which one a call takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from tapeless import driver, pipeline
from tapeless.backend.kernel import Kernel
from tapeless.frontend import Program
from tapeless.frontend.paths import MISSING, Watch, decides, watches
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import InferenceError, UsageError
from tapeless.signature import Key, key_of

Signature = tuple[Key, ...]
T = TypeVar("T")


@dataclass
class Shared:
    """A program with its kernels by signature; functions that differ only in what they captured share one."""

    program: Program
    kernels: dict[Signature, Kernel] = field(default_factory=dict)

    def decide(self, fn: Callable[..., Any], names: frozenset[str]) -> bool:
        """Read the program again, with captured ints (and tuples of them) of these names as constants, if any."""
        inputs = [i for i in self.program.inputs if i.name in names and decides(i.fetch(fn))]
        if inputs:
            self.program = driver.read(fn, self.program.known.union(i.path for i in inputs))
            self.kernels.clear()
        return bool(inputs)


_SHARED: dict[Any, list[Shared]] = {}
STAGES = (*pipeline.STAGES, "llvm", "asm")
LIMIT = 512
"""How many programs are kept; the least recently read go first."""


def shared(fn: Callable[..., Any], transforms: tuple[driver.Transform, ...]) -> Shared:
    """The program of a function: one that was read before, if all that it relies on holds for this function too."""
    code = getattr(fn, "__code__", fn)
    key = (code, getattr(code, "co_filename", ""), transforms)  # equal code of two files has two sets of spans
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
        self._watches: list[Watch] | None = None
        self._taken: Any = None

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
        """A call from Python: to the kernel that took the last one, while nothing that it relies on has changed."""
        if self._watches is not None and not keywords:
            for names, name, value in self._watches:
                if names.get(name, MISSING) is not value:
                    break
            else:
                return self._taken(*args)  # a kernel checks the types of its arguments, and comes back to `dispatch`
        return self.dispatch(*args, **keywords)

    def dispatch(self, *args: Any, **keywords: Any) -> Any:
        """Find or make the kernel for the types of the arguments, and call it."""
        if keywords:
            args = positional(self.fn, args, keywords)
        s, self.last = self.shared, tuple(map(key_of, args))
        kernel, hidden = self._decided(self._kernel, s, self.last)
        if not hidden:
            self._watches, self._taken = watches(self.fn, s.program.guards), kernel.call
            if self._watches is not None:  # as little Python as can be between the caller and the kernel
                type(self.function).__call__ = self.call if self._watches else kernel.call
        return kernel.call(*hidden, *args)

    def _kernel(self, s: Shared, visible: Signature) -> tuple[Kernel, list[Any]]:
        """The kernel for arguments of these types, and the values of the hidden ones now."""
        hidden = s.program.fetch(self.fn)
        signature = (*map(key_of, hidden), *visible)
        kernel = s.kernels.get(signature)
        if kernel is None:
            name = getattr(self.fn, "__name__", "function")
            kernel = driver.compile_program(s.program, self.transforms, signature, visible, name, self.dispatch)
            s.kernels[signature] = kernel
        return kernel, hidden

    def _decided(self, make: Callable[[Shared, Signature], T], s: Shared, visible: Signature) -> T:
        """What is made of a program, which is read again as long as that fails for want of constants."""
        while True:
            try:
                return make(s, visible)
            except InferenceError as error:
                if not s.decide(self.fn, error.undecided):
                    raise

    # -- looking inside -----------------------------------------------------------------------------------------------
    def kernel(self, args: tuple[Any, ...]) -> Kernel:
        """The kernel for these arguments, or the one compiled last."""
        return self.kernel_of(self._visible(args))

    def kernel_of(self, visible: Signature) -> Kernel:
        """The kernel for arguments of these types."""
        return self._decided(self._kernel, self.shared, visible)[0]

    def show(self, stage: str, args: tuple[Any, ...]) -> str:
        """The program at a stage, for these arguments or the types compiled last."""
        return self.text(stage, self._visible(args))

    def text(self, stage: str, visible: Signature) -> str:
        """The program at a stage, for arguments of these types: IR, LLVM or assembly."""
        if stage == "llvm":
            return self.kernel_of(visible).llvm_ir
        if stage == "asm":
            return self.kernel_of(visible).asm
        if stage not in pipeline.STAGES:
            raise UsageError(f"there is no stage {stage!r}", hint="one of " + ", ".join(STAGES))
        return self._decided(partial(self._text, stage), self.shared, visible)

    def _text(self, stage: str, s: Shared, visible: Signature) -> str:
        program = driver.read(self.fn, s.program.known)  # of its own: the passes change what they are given
        hidden = map(key_of, program.fetch(self.fn))
        return driver.text(program, self.transforms, (*hidden, *visible), stage)

    def _visible(self, args: tuple[Any, ...]) -> Signature:
        if args:
            return tuple(map(key_of, args))
        if self.last is None:
            raise UsageError("nothing is compiled yet", hint="pass arguments, or call the function first")
        return self.last


def positional(fn: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments by position, bound as Python binds them; defaults only where a later parameter was given."""
    code = getattr(fn, "__code__", None)
    if code is None:
        raise UsageError(f"{fn!r} is compiled for arguments by position only")
    bound = int(getattr(fn, "__self__", None) is not None)
    names = code.co_varnames[bound : code.co_argcount]
    defaults = dict(zip(reversed(names), reversed(getattr(fn, "__defaults__", None) or ()), strict=False))
    for name in keywords:
        if name in code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]:
            raise UsageError(f"the keyword-only argument `{name}` cannot be given from outside compiled code")
        if name not in names[code.co_posonlyargcount - bound if code.co_posonlyargcount else 0 :]:
            raise TypeError(f"{fn.__name__}() got an unexpected keyword argument '{name}'")
        if name in names[: len(args)]:
            raise TypeError(f"{fn.__name__}() got multiple values for argument '{name}'")
    last = max(names.index(name) for name in keywords)
    out = list(args)
    for name in names[len(args) : last + 1]:
        if name not in keywords and name not in defaults:
            raise TypeError(f"{fn.__name__}() missing 1 required positional argument: '{name}'")
        out.append(keywords[name] if name in keywords else defaults[name])
    return tuple(out)
