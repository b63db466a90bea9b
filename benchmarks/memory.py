"""Memory of a gradient in reverse mode: bytes per iteration of a loop of 10^7, each in a process of its own.

    python benchmarks/memory.py [NAME...]

The peak of the resident memory during the call, less what was resident before it; the function is compiled by then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import scalar
import tapeless as tl

ITERATIONS = 10**7


def one_variable(x, n):
    y = 0.5
    i = 0
    while i < n:
        y = y * y * x + 0.1
        i = i + 1
    return y


@dataclass(frozen=True)
class Kind:
    """A loop, its arguments for a number of iterations, and the bytes that its residuals take."""

    name: str
    fn: Callable[..., float]
    args: Callable[[int], tuple[Any, ...]]
    limit: int


KINDS = [
    Kind("one variable, while", one_variable, lambda n: (0.9, n), 8),
    Kind("Runge-Kutta, two states", scalar.oscillator, lambda n: (1.2, 1.1, 0.8, n), 16),
    Kind("nested loops with a branch", scalar.switching, lambda n: (0.3, 2.9, max(1, n // 1000), min(n, 1000)), 9),
]


def resident(field: str) -> int:
    """Bytes of this process by the name that the kernel gives them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def measure(kind: Kind) -> float:
    """Bytes per iteration, here."""
    gradient = tl.grad(kind.fn, 0, "reverse")
    gradient(*kind.args(10))
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    gradient(*kind.args(ITERATIONS))
    return (resident("VmHWM") - before) / ITERATIONS


def table(names: list[str] | None = None) -> list[str]:
    """The rows of a Markdown table."""
    rows = ["| loop of 10^7 | bytes per iteration | residuals |", "| --- | --- | --- |"]
    for kind in KINDS:
        if not names or kind.name in names:
            run = subprocess.run(
                [sys.executable, __file__, "--one", kind.name], check=True, capture_output=True, text=True
            )
            rows.append(f"| {kind.name} | {json.loads(run.stdout):.1f} | {kind.limit} |")
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(measure(next(k for k in KINDS if k.name == sys.argv[2])))
    else:
        print("\n".join(table(sys.argv[1:])))
