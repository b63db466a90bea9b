"""The time of a call of examples/power.py's function, natively and by CPython, and of its gradient.

python benchmarks/against_cpython.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import tapeless as tl

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
X, N = 1.0001, 500


def per_call(f: Callable[..., float], *args: float) -> float:
    """Seconds of one call: the best of five runs of some 50 ms."""
    begin = time.perf_counter()
    f(*args)
    count = max(1, int(0.05 / max(1e-7, time.perf_counter() - begin)))
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(count):
            f(*args)
        best = min(best, (time.perf_counter() - begin) / count)
    return best


def main() -> None:
    import power as example

    compiled, plain = example.power, example.power.__wrapped__
    gradient = tl.grad(plain)
    compiled(X, N)  # compiles
    gradient(X, N)
    rows = [("natively", per_call(compiled, X, N)), ("its gradient, natively", per_call(gradient, X, N))]
    example.power = plain  # what the plain function calls is now itself
    slow = per_call(plain, X, N)
    print(f"power({X}, {N}), microseconds per call")
    print(f"  {'by CPython':24}{slow * 1e6:8.2f}")
    for name, seconds in rows:
        print(f"  {name:24}{seconds * 1e6:8.2f}   {slow / seconds:6.1f} times as fast")


if __name__ == "__main__":
    main()
