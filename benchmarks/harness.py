"""What the benchmarks share: programs, derivatives by hand in C, timing side by side.

A group (`scalar.py`, ...) gives `PROGRAMS`, each with its plain Python function and the name of its derivative in the
group's `C` text. Peers are timed in turn, round after round, and each counts with its fastest round, so that the noise
of the machine meets all of them alike.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import tapeless as tl

ROUNDS, SLICE = 20, 0.01  # rounds, and the seconds that a peer may take in one
FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
PRELUDE = """
#include <math.h>
#include <stdlib.h>
#include <time.h>
/* x: the floats, n: the ints, out: the value and the gradient by the floats */
typedef void derivative(const double *x, const long *n, double *out);
double seconds(derivative *f, const double *x, const long *n, double *out, long count) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (long i = 0; i < count; i++) f(x, n, out);
  clock_gettime(CLOCK_MONOTONIC, &b);
  return (b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec);
}
static double *room(int k, size_t count) {  /* the k-th tape, kept and grown */
  static double *tape[4];
  static size_t size[4];
  if (count > size[k]) tape[k] = realloc(tape[k], (size[k] = 2 * count) * sizeof(double));
  return tape[k];
}
"""


@dataclass(frozen=True)
class Program:
    """A function of floats and ints, in this order, with one float result.

    args, small   what it is timed with, and tested with
    c             the C function with its value and gradient
    order         the order of the derivative by the only float; 1: the gradient by all floats
    jax           makes the same function for JAX from the modules (jax, jax.numpy), or None; `unrolled` makes most
    jax_forward   JAX differentiates it in forward mode only
    """

    name: str
    title: str
    fn: Callable[..., float]
    args: tuple[Any, ...]
    small: tuple[Any, ...]
    c: str
    order: int = 1
    jax: Callable[[Any, Any], Callable[..., Any]] | None = None
    jax_forward: bool = False

    @property
    def floats(self) -> int:
        return sum(isinstance(a, float) for a in self.args)

    def derivative(self, mode: str) -> Callable[..., Any]:
        """The value and gradient, or for an order above 1 the derivative alone, by tapeless."""
        if self.order == 1:
            return tl.value_and_grad(self.fn, tuple(range(self.floats)), mode)
        f: Callable[..., Any] = self.fn
        for _ in range(self.order):
            f = tl.grad(f, 0, mode)
        return f


def unrolled(fn: FunctionType) -> Callable[[Any, Any], Callable[..., Any]]:
    """A plain function on JAX's numbers, loops and recursion unrolled: its `math` is JAX's."""

    def make(jax: Any, jnp: Any) -> Callable[..., Any]:
        names = dict(fn.__globals__, math=jnp)
        for name, value in fn.__globals__.items():
            if isinstance(value, FunctionType) and value.__module__ == fn.__module__:
                names[name] = FunctionType(value.__code__, names, name, value.__defaults__, value.__closure__)
        return names[fn.__name__]  # type: ignore[no-any-return]

    return make


class Native:
    """Derivatives in C, compiled by gcc."""

    def __init__(self, text: str) -> None:
        folder = Path(tempfile.mkdtemp(prefix="tapeless-benchmark-"))
        source, library = folder / "derivatives.c", folder / "derivatives.so"
        source.write_text(PRELUDE + text)
        subprocess.run(["gcc", *FLAGS, str(source), "-o", str(library), "-lm"], check=True)
        self.library = ctypes.CDLL(str(library))
        self.seconds = self.library.seconds
        self.seconds.restype = ctypes.c_double

    def bind(self, p: Program, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The C function with its arguments and room for its results."""
        floats = (ctypes.c_double * p.floats)(*args[: p.floats])
        ints = (ctypes.c_long * 4)(*args[p.floats :], p.order)
        return getattr(self.library, p.c), floats, ints, (ctypes.c_double * (1 + p.floats))()

    def derivative(self, p: Program, args: tuple[Any, ...]) -> list[float]:
        """The value and the gradient."""
        function, floats, ints, out = self.bind(p, args)
        function(floats, ints, out)
        return list(out)

    def timer(self, p: Program, from_python: bool = False) -> Callable[[int], float]:
        """Seconds of a number of runs, looped in C; or each called from Python by ctypes."""
        bound = self.bind(p, p.args)
        if from_python:
            return python_timer(bound[0], bound[1:])  # type: ignore[no-any-return]
        return lambda count: self.seconds(*bound, ctypes.c_long(count))  # type: ignore[no-any-return]


def python_timer(f: Callable[..., Any], args: tuple[Any, ...], wait: Callable[[Any], Any] | None = None) -> Any:
    """Seconds of a number of calls; `wait` is for results that come later."""

    def run(count: int) -> float:
        result = None
        begin = time.perf_counter()
        for _ in range(count):
            result = f(*args)
        if wait is not None:
            wait(result)
        return time.perf_counter() - begin

    return run


def jax_timer(p: Program) -> Callable[[int], float] | None:
    """JAX's gradient, compiled and in float64; None where JAX is not installed or has no form of the program."""
    try:
        import jax
    except ImportError:
        return None
    if p.jax is None:
        return None
    jax.config.update("jax_enable_x64", True)
    made = p.jax(jax, jax.numpy)
    ints = p.args[p.floats :]

    def function(*xs: Any) -> Any:
        return made(*xs, *ints)

    by = tuple(range(p.floats))
    if p.order > 1:
        for _ in range(p.order):
            function = jax.grad(function)
    else:
        function = jax.jacfwd(function, by) if p.jax_forward else jax.value_and_grad(function, by)
    return python_timer(jax.jit(function), p.args[: p.floats], jax.block_until_ready)  # type: ignore[no-any-return]


def measure(timers: dict[str, Callable[[int], float]]) -> dict[str, float]:
    """Seconds of one run of each peer: the fastest of the rounds, in which all take their turn."""
    counts = {}
    for name, run in timers.items():
        run(1)  # compiles, and touches the memory
        counts[name] = max(1, int(SLICE / max(run(1), 1e-8)))
        counts[name] = max(1, int(SLICE / max(run(counts[name]) / counts[name], 1e-9)))
    best = dict.fromkeys(timers, math.inf)
    for _ in range(ROUNDS):
        for name, run in timers.items():
            best[name] = min(best[name], run(counts[name]) / counts[name])
    return best


def human(seconds: float | None) -> str:
    """A time with its unit."""
    if seconds is None:
        return ""
    unit, factor = next((u, f) for u, f in (("s", 1.0), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)) if seconds * f >= 1.0)
    return f"{seconds * factor:.3g} {unit}"
