"""Reading x[i] for all i, and writing y[i]: time and memory of gradients for each element, by the number of elements.

    python benchmarks/indexed.py [MOST]

Nanoseconds are those of the fastest of three calls; bytes those that `Function.memory` tells: of the gradient itself (8
an element), residuals, other arrays, and the machine's stack. `MOST` (10^7) bounds the sizes; the recursion, which
needs as many calls at once, is taken to 10^6.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tapeless as tl
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SIZES = (10**4, 10**5, 10**6, 10**7)


def loop(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    return total


def recursion(x):
    def rest(i):
        return 0.0 if i == len(x) else x[i] * x[i] + rest(i + 1)

    return rest(0)


def element(x, i):
    return x[i] * x[i]


def helper(x):
    total = 0.0
    for i in range(len(x)):
        total += element(x, i)
    return total


def branch(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0.5:
            total += x[i] * x[i]
    return total


def writing(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i] * x[i]
    return np.sum(y)


def recurrence(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i] / (1.0 + y[i - 1] * y[i - 1])
    return np.sum(y)


@dataclass(frozen=True)
class Kind:
    """A program, what it does, and how many elements it takes at most."""

    name: str
    fn: Callable[[Vector], float]
    most: int = 10**7


KINDS = [
    Kind("`x[i]` in a loop", loop),
    Kind("`x[i]` in a recursion that captures x", recursion, 10**6),
    Kind("`x[i]` in a helper function", helper),
    Kind("`x[i]` under a branch", branch),
    Kind("`y[i] = ...`", writing),
    Kind("`y[i] = ... y[i - 1] ...`", recurrence),
]


def costs(kind: Kind, n: int) -> tuple[float, float]:
    """Seconds and bytes of a gradient by n elements, for each."""
    gradient, x = tl.grad(kind.fn), np.random.default_rng(0).random(n)
    best = float("inf")
    for _ in range(4):  # the first compiles
        start = time.perf_counter()
        gradient(x)
        best = min(best, time.perf_counter() - start)
    return best / n, gradient.memory(x).total / n


def table(most: int = SIZES[-1]) -> list[str]:
    """The rows of a Markdown table."""
    sizes = [n for n in SIZES if n <= most]
    rows = [f"| ns and bytes for each element | {' | '.join(f'10^{len(str(n)) - 1}' for n in sizes)} |"]
    rows.append("| --- " * (len(sizes) + 1) + "|")
    for kind in KINDS:
        found = [costs(kind, n) for n in sizes if n <= kind.most]
        cells = [f"{seconds * 1e9:.1f} ns, {size:.0f} B" for seconds, size in found]
        rows.append(f"| {kind.name} | {' | '.join(cells + [''] * (len(sizes) - len(cells)))} |")
    return rows


if __name__ == "__main__":
    print("\n".join(table(*map(int, sys.argv[1:]))))
