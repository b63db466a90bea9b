"""The first gradient of a ten-line function in a fresh process, all imports included.

    python benchmarks/first_gradient.py [llvmlite]

With `llvmlite`, that is imported before.
"""

import sys
import time

if sys.argv[1:] == ["llvmlite"]:
    import llvmlite.binding  # noqa: F401

START = time.perf_counter()

import math  # noqa: E402

import tapeless as tl  # noqa: E402


def f(x, n):
    s = 0.0
    y = x
    for _ in range(n):
        if y > 1.0:
            y = y * 0.5 + math.sin(x)
        else:
            y = y + x * x
        s = s + y * math.exp(-x)
    z = math.sqrt(s * s + 1.0)
    return z * math.tanh(y)


def main() -> None:
    imported = time.perf_counter()
    value = tl.grad(f)(0.7, 10)
    end = time.perf_counter()
    call, total = 1e3 * (end - imported), 1e3 * (end - START)
    print(f"gradient {value}: {call:.0f} ms from the call, {total:.0f} ms from the import")


if __name__ == "__main__":
    main()
