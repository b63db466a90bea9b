"""What programs at the limits cost: seconds and memory, each in a process of its own.

    python benchmarks/limits.py [NAME...]

Loops of 10^7 iterations and recursion 10^6 deep with their gradients, a loop that rebuilds a closure, gradient descent
over an inner loop, endless recursion, and Ctrl-C in an endless loop.
"""

import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import tapeless as tl


def loop(x, n):
    y = 0.5
    for _ in range(n):
        y = math.sin(y) * x + 0.1
    return y


def recursion(x, n):
    return 0.0 if n == 0 else x * 1e-3 + 0.999 * recursion(x, n - 1)


def rebuilds(x, n):
    y = x
    for _ in range(n):
        f = (lambda k: lambda z: math.sin(z * k))(y)
        y = f(x) + 0.1
    return y


def descends(a, n):
    def loss(w):
        y = w
        for _ in range(100):
            y = y * 0.9 + 0.01 * math.sin(y * a)
        return (y - 0.1) ** 2

    w = 0.5
    for _ in range(n):
        w = w - 0.1 * tl.grad(loss)(w)
    return w


def endless(x):
    return endless(x + 1.0) * 2.0


def spins(x):
    while True:
        x = x * 0.5 + 1.0


def interrupted():
    """Seconds from the signal to the exception."""
    sent = []

    def send():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(1.0, send).start()
    try:
        tl.jit(spins)(1.0)
    except KeyboardInterrupt:
        return f"{time.perf_counter() - sent[0]:.3f} s after the signal"


CASES = {
    "loop of 10^7, gradient": lambda: tl.grad(loop)(0.9, 10**7),
    "recursion of 10^6, gradient": lambda: tl.grad(recursion)(1.5, 10**6),
    "closure rebuilt 10^7 times": lambda: tl.jit(rebuilds)(0.5, 10**7),
    "10^6 steps of descent over 100": lambda: tl.jit(descends)(1.5, 10**6),
    "endless recursion": lambda: tl.jit(endless)(1.0),
    "Ctrl-C in an endless loop": interrupted,
}


def measure(name: str) -> None:
    """Run one case here and print what it took."""
    start = time.perf_counter()
    try:
        result = CASES[name]()
    except RecursionError as e:
        result = f"RecursionError: {e}"
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:32} {seconds:7.2f} s  {peak:6.0f} MB  {result}")


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        measure(sys.argv[2])
        return
    for name in sys.argv[1:] or CASES:
        subprocess.run([sys.executable, __file__, "--one", name], check=True)


if __name__ == "__main__":
    main()
