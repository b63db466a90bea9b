"""Where the time of a first call goes: milliseconds in each stage of compilation, the fastest of several first calls.

    python benchmarks/stages.py [--repeat 10] [--only oscillator]

A stage counts what runs in it less what runs in stages inside: `expand` simplifies what it differentiates, and that
counts as `simplify`. Imports and LLVM's set-up are over before the first measurement.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import tapeless as tl
from compile_time import straight_line
from first_gradient import f as ten_lines
from order import loop
from tapeless import driver, pipeline
from tapeless.backend import jit, kernel

STAGES = ("frontend", "infer", "elaborate", "promote", "simplify", "expand", "finish", "emit", "parse", "passes",
          "codegen", "link", "rest")  # fmt: skip


def oscillator(mu, k, x, y, n):
    """Van der Pol's oscillator by Runge and Kutta's method."""
    h = 0.001
    for _ in range(n):
        a1 = mu * (1.0 - x * x) * y - k * x
        x2 = x + 0.5 * h * y
        y2 = y + 0.5 * h * a1
        a2 = mu * (1.0 - x2 * x2) * y2 - k * x2
        x3 = x + 0.5 * h * y2
        y3 = y + 0.5 * h * a2
        a3 = mu * (1.0 - x3 * x3) * y3 - k * x3
        x4 = x + h * y3
        y4 = y + h * a3
        a4 = mu * (1.0 - x4 * x4) * y4 - k * x4
        x = x + h / 6.0 * (y + 2.0 * y2 + 2.0 * y3 + y4)
        y = y + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
    return x + 0.5 * y


def tree(x, n):
    if n < 2:
        return x
    return tree(x * 0.9, n - 1) * math.cos(x) + tree(x, n - 2)


@dataclass(frozen=True)
class Case:
    """A derivative: of `make()` by the first `floats` parameters, `order` times."""

    name: str
    make: Callable[[], Callable[..., Any]]
    args: tuple[Any, ...]
    floats: int = 1
    mode: str = "auto"
    order: int = 1

    def first_call(self) -> Callable[[], Any]:
        """A first call, of a function that was never compiled."""
        f = self.make()
        for _ in range(self.order):
            f = tl.grad(f, 0 if self.floats == 1 else tuple(range(self.floats)), self.mode)
        return functools.partial(f, *self.args)


def fresh(f: Callable[..., Any]) -> Callable[[], Callable[..., Any]]:
    """What makes a new function of the same text."""
    text = "import math\n" + inspect.getsource(f)
    return lambda: tl.from_source(text, f.__name__)


CASES = [
    Case("ten lines", fresh(ten_lines), (0.7, 10), mode="reverse"),
    Case("oscillator, reverse", fresh(oscillator), (1.2, 1.1, 0.8, 0.1, 30), 4, "reverse"),
    Case("oscillator, auto", fresh(oscillator), (1.2, 1.1, 0.8, 0.1, 30), 4),
    Case("tree, reverse", fresh(tree), (0.9, 5), mode="reverse"),
    Case("loop, order 6, auto", fresh(loop), (0.9, 10), order=6),
    Case("loop, order 4, reverse", fresh(loop), (0.9, 10), mode="reverse", order=4),
    Case("1000 statements", lambda: straight_line(1000), (1.0,)),
]


class Stopwatch:
    """Seconds by stage, each without the stages inside it."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inside = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        self._inside.append(0.0)
        try:
            yield
        finally:
            took = time.perf_counter() - begin
            self.seconds[name] += took - self._inside.pop()
            self._inside[-1] += took

    def watch(self, owner: Any, name: str, stage: str) -> None:
        """Count the calls of `owner.name` as a stage."""
        function = getattr(owner, name)

        @functools.wraps(function)
        def timed(*args: Any, **keywords: Any) -> Any:
            with self.stage(stage):
                return function(*args, **keywords)

        setattr(owner, name, timed)

    def install(self) -> None:
        """The passes are named where their defects are; LLVM's stages are calls."""
        for owner in (driver, pipeline):
            naming = owner.naming

            @contextmanager
            def timed(name: str, subject: Any, naming: Any = naming) -> Iterator[None]:
                with self.stage("rest" if name in ("backend", "optimize") else name), naming(name, subject):
                    yield

            owner.naming = timed  # type: ignore[attr-defined]
        self.watch(kernel, "Program", "emit")
        self.watch(kernel, "Wrapper", "emit")
        self.watch(kernel, "modules", "emit")
        self.watch(llvm, "parse_assembly", "parse")
        self.watch(llvm.ModulePassManager, "run", "passes")
        self.watch(llvm.TargetMachine, "emit_object", "codegen")
        self.watch(llvm.JITLibraryBuilder, "link", "link")


def measure(watch: Stopwatch, case: Case, repeat: int) -> dict[str, float]:
    """Milliseconds by stage of the fastest of several first calls."""
    best: dict[str, float] = {}
    for _ in range(repeat):
        call = case.first_call()
        watch.seconds.clear()
        with watch.stage("rest"):
            call()
        if not best or sum(watch.seconds.values()) < sum(best.values()):
            best = dict(watch.seconds)
    return {stage: 1e3 * best.get(stage, 0.0) for stage in STAGES}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeat", type=int, default=10)
    options.add_argument("--only", default="")
    given = options.parse_args()
    jit.engine()
    watch = Stopwatch()
    watch.install()
    CASES[0].first_call()()
    print("|", " | ".join(("", "all", *STAGES)), "|")
    print("|", " | ".join(["---"] * (2 + len(STAGES))), "|")
    for case in CASES:
        if given.only in case.name:
            times = measure(watch, case, given.repeat)
            cells = [f"{sum(times.values()):.0f}", *(f"{times[s]:.1f}" for s in STAGES)]
            print("|", " | ".join((case.name, *cells)), "|", flush=True)


if __name__ == "__main__":
    main()
