"""Checks one generated program: compiled code against CPython, its derivatives against exact ones.

A `Batch` loads many programs as one module, twice: from a file (what the compiler sees) and on dual numbers (the
oracle). `check` gives a `Verdict`.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import oracles
from duals import TooMuchWork, notes
from engines import Outcome, Printed, difference, run, stages
from generator.program import HEADER, Program
from oracles import close, same

WORK = 40_000  # operations of the oracle for one derivative
STEEP = 1e7  # derivatives above this are too ill-conditioned to compare
UNEXPECTED = (TypeError, NameError, AttributeError, SyntaxError, RecursionError, IndexError)  # defects of the generator


@dataclass
class Verdict:
    """What came of a program. `kind` is empty where all is well, else the kind of failure."""

    seed: str
    kind: str = ""
    problem: str = ""
    features: list[str] = field(default_factory=list)
    derivatives: int = 0
    raised: bool = False


@dataclass
class Compiled:
    """The functions of a compiler that are checked: `tapeless` itself, or the oracle in its place."""

    jit: Callable
    grad: Callable
    jvp: Callable
    taylor: Callable
    stages: Callable[..., dict[str, Callable]] | None = None


def compiler(name: str, with_stages: bool = False) -> Compiled:
    """The compiler by name: `native`, or `cpython` to try the machinery out."""
    if name == "cpython":
        return Compiled(lambda f: f, oracles.grad, oracles.jvp, oracles.taylor)
    import tapeless as tl

    return Compiled(tl.jit, partial(tl.grad, mode="reverse"), tl.jvp, tl.taylor, stages if with_stages else None)


class Batch:
    """Programs in one module: `plain` from a file, `twin` on dual numbers, line for line the same."""

    count = 0

    def __init__(self, programs: list[Program], folder: Path) -> None:
        Batch.count += 1
        self.text = HEADER + "\n\n".join(p.source for p in programs)
        self.file = str(folder / f"batch{Batch.count}.py")
        Path(self.file).write_text(self.text)
        spec = importlib.util.spec_from_file_location(f"fuzz_batch{Batch.count}", self.file)
        self.plain = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = self.plain
        spec.loader.exec_module(self.plain)
        self.twin = oracles.load(self.text, self.file, f"fuzz_twin{Batch.count}")


class Checker:
    """Checks programs by one compiler."""

    def __init__(self, compiled: Compiled, lines: bool = False) -> None:
        self.compiled, self.lines = compiled, lines
        self.printed = Printed()
        self.folder = Path(tempfile.mkdtemp(prefix="tapeless-fuzz-"))

    def batch(self, programs: list[Program]) -> Batch:
        return Batch(programs, self.folder)

    def check(self, program: Program, batch: Batch) -> Verdict:
        """Run one program every way; the first difference is the verdict."""
        case = Case(program, batch, self)
        verdict = Verdict(program.seed, features=sorted(program.features))
        reason = case.choose_calls()
        if reason:
            verdict.kind, verdict.problem = ("generator" if "defect" in reason else "rejected"), reason
            return verdict
        verdict.raised = case.raised
        for kind, problem in case.problems():
            if problem:
                verdict.kind, verdict.problem = _refined(kind, problem), problem
                break
        verdict.derivatives = case.derivatives
        return verdict


def _refined(kind: str, problem: str) -> str:
    """Tell refusals and internal errors from wrong results; `limitation` is the refusal of docs/limitations.md."""
    if "DifferentiationError(" in problem and "a captured variable that is assigned after capture" in problem:
        return "limitation"
    if "InternalError(" in problem:
        return "internal"
    if any(
        f"{name}Error(" in problem.split(" instead of ")[0] for name in ("Unsupported", "Inference", "Differentiation")
    ):
        return "refused"
    return kind


class Case:
    """One program with the calls that it is checked on."""

    def __init__(self, program: Program, batch: Batch, checker: Checker) -> None:
        self.program, self.checker, self.file = program, checker, batch.file
        twin = getattr(batch.twin, program.name)
        self.twin, self.plain = twin, getattr(batch.plain, program.name)
        self.reference = twin if program.inner else self.plain
        self.function = twin if checker.compiled.grad is oracles.grad else self.plain
        self.calls: list[tuple[tuple, Outcome]] = []
        self.raised, self.derivatives = False, 0

    # -- what CPython does

    def choose_calls(self) -> str:
        """Keep the calls that tell most: two that succeed, one that raises. Gives the reason against the program."""
        good: list[tuple[tuple, Outcome]] = []
        bad: list[tuple[tuple, Outcome]] = []
        for args in self.program.calls:
            reason, outcome = self.try_call(args)
            if reason:
                return reason
            (bad if outcome.error else good).append((args, outcome))
        self.raised = bool(bad)
        self.calls = good[:2] + bad[:1]
        if not good and sum(map(ord, self.program.seed)) % 3:
            return "rejected: always raises"
        return ""

    def try_call(self, args: tuple) -> tuple[str, Outcome]:
        notes.reset(WORK)
        try:
            oracles.jvp(self.twin, args, tuple(1.0 for _ in oracles.leaves(args)))
        except TooMuchWork:
            return "rejected: too much work", Outcome()
        except Exception:
            pass  # the run below tells which
        steep = notes.scale > STEEP
        notes.reset()
        outcome = run(self.reference, args, self.file, self.checker.printed)
        if isinstance(outcome.error, UNEXPECTED):
            return f"defect of the generator: {outcome}", outcome
        if steep or not all(math.isfinite(v) and abs(v) < 1e6 for v in oracles.leaves(outcome.value)):
            return "rejected: badly conditioned", outcome
        if self.program.inner and notes.near:
            return "rejected: a derivative decides by a hair", outcome
        return "", outcome

    # -- what compiled code does

    def problems(self) -> Iterator[tuple[str, str]]:
        """(kind, problem) of each check, lazily; an empty problem is a check that passed."""
        compiled = self.checker.compiled
        native = compiled.jit(self.function)
        for args, want in self.calls:
            yield "value", self.compare(native, args, want)
        if compiled.stages:
            for args, want in self.calls[:1]:
                yield from self.at_each_stage(args, want)
        differentiable = [(args, want) for args, want in self.calls if self.float_result(want)]
        for args, want in differentiable:
            yield from self.gradients(args, want)
            if want.error is None and sum(map(ord, self.program.seed)) % 4 == 1:
                yield "series", self.series(args)
        for args, want in self.calls[:1]:
            if want.error is None and all(isinstance(a, float) for a in args):
                yield "forward", self.forward(args)

    def float_result(self, want: Outcome) -> bool:
        return want.error is not None if self.program.result != "float" else type(want.value) is not int

    def at_each_stage(self, args, want) -> Iterator[tuple[str, str]]:
        for name, interpreted in self.checker.compiled.stages(self.function, args).items():
            problem = self.compare(interpreted, args, want)
            yield f"stage {name}", problem and f"at stage {name}: {problem}"

    def compare(self, f: Callable, args: tuple, want: Outcome) -> str:
        got = run(f, args, self.file, self.checker.printed)

        def equal(a, b):
            if self.program.inner:
                return close(a, b, 1e-7, 1e-7, joined=True)
            return same(a, b, joined="joined" in self.program.features)

        problem = difference(got, want, equal, self.checker.lines)
        return problem and f"{args}: {problem}"

    def gradients(self, args: tuple, want: Outcome) -> Iterator[tuple[str, str]]:
        """First derivatives by all floats, second by the first and, for two floats, the mixed one."""
        grad = self.checker.compiled.grad
        floats = tuple(i for i, a in enumerate(args) if isinstance(a, float))
        if want.error is not None:
            got = run(grad(self.function, floats[0]), args, self.file, self.checker.printed)
            if self.program.result == "float":
                yield "error of the derivative", self.must_raise(got, want, args)
            return
        first, second = (lambda f: lambda *a: oracles.grad(f, floats)(*a)), (lambda f: oracles.grad(oracles.grad(f)))
        yield "first derivative", self.derivative(grad(self.function, floats), first(self.twin), args)
        yield "second derivative", self.derivative(grad(grad(self.function, 0), 0), second(self.twin), args)
        if len(floats) > 1 and sum(map(ord, self.program.seed)) % 4 == 0:
            mixed = oracles.grad(oracles.grad(self.twin), floats[1])
            yield "mixed derivative", self.derivative(grad(grad(self.function, 0), floats[1]), mixed, args)

    def must_raise(self, got: Outcome, want: Outcome, args: tuple) -> str:
        return "" if type(got.error) is type(want.error) else f"{args}: {got} instead of {want}"

    def forward(self, args: tuple) -> str:
        directions = tuple(0.5 + i for i in range(len(args)))
        moved = self.checker.compiled.jvp
        return self.derivative(
            lambda *a: moved(self.function, a, directions)[1],
            lambda *a: oracles.jvp(self.twin, a, directions)[1],
            args,
        )

    def series(self, args: tuple) -> str:
        """All derivatives to order 3 by the last float, by Taylor mode."""
        by = max(i for i, a in enumerate(args) if isinstance(a, float))
        got = self.checker.compiled.taylor(self.function, 3, by)
        return self.derivative(lambda *a: got(*a)[1:], lambda *a: oracles.taylor(self.twin, 3, by)(*a)[1:], args)

    def derivative(self, f: Callable, exact: Callable, args: tuple) -> str:
        """Compare a derivative with the exact one where it is well-conditioned."""
        notes.reset(8 * WORK)
        try:
            want = exact(*args)
        except TooMuchWork:
            return ""
        tie, near, scale = notes.tie, notes.near, notes.scale
        got = run(f, args, self.file, self.checker.printed)
        if got.error is not None:
            return f"{args}: {got} instead of {want}"
        finite = all(math.isfinite(v) for v in oracles.leaves(want))
        if tie or (near and self.program.inner) or not finite or scale > STEEP:
            return ""
        self.derivatives += 1
        if close(got.value, want, 1e-8, 1e-9 * scale):
            return ""
        nudged = exact(*(a * (1 + 4e-16) if isinstance(a, float) else a for a in args))
        spread = max((abs(a - b) for a, b in zip(oracles.leaves(nudged), oracles.leaves(want))), default=0.0)
        if close(got.value, want, 1e-8, 1e-9 * scale + 1e4 * spread):
            return ""
        return f"{args}: {got} instead of {want!r}"
