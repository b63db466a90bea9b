"""Array programs: gradients by tapeless and JAX, and the products of matrices in them alone.

    python benchmarks/arrays.py

All peers run in one process with as many threads as there are cores, or as TAPELESS_NUM_THREADS, OPENBLAS_NUM_THREADS
and XLA's own settings say. Products of matrices are NumPy's, with the BLAS that tapeless calls too, into arrays that
are there: a bound that no gradient through them can pass.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import FunctionType
from typing import Any

import numpy as np
import tapeless as tl
from harness import human, measure, python_timer

Arrays = tuple[Any, ...]


def payoff(spot, strike, years, volatility, rate):
    spread = volatility * np.sqrt(years)
    d = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    inside = 0.5 * (1.0 + np.tanh(0.8 * (d + 0.045 * d**3)))
    return np.sum(spot * inside - strike * np.exp(-rate * years) * inside * 0.9)


def cross_entropy(z, y):
    m = np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z - m), axis=1)) + m[:, 0] - np.sum(y * z, axis=1))


def softmax(w, b, x, y):
    return cross_entropy(x @ w + b, y)


def network(w1, b1, w2, b2, w3, b3, x, y):
    h = np.maximum(x @ w1 + b1, 0.0)
    h = np.maximum(h @ w2 + b2, 0.0)
    return cross_entropy(h @ w3 + b3, y)


def small_network(w1, b1, w2, b2, v, x):
    return np.dot(np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2), v) ** 2


def heat(u, k):
    for _ in range(1000):
        inner = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u = np.concatenate((u[:1], inner, u[-1:]))
    return np.sum(u * u)


def recurrence(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i] / (1.0 + y[i - 1] * y[i - 1])
    return np.sum(y * y)


@dataclass(frozen=True)
class ArrayProgram:
    """A function with its arguments, by how many of which its gradient is; `jax`: JAX can express it as it is."""

    title: str
    fn: Callable[..., Any]
    args: Arrays
    by: int
    jax: bool = True
    products: Callable[[Arrays], Callable[[], None]] | None = None


def _made(dtype: str = "float64") -> dict[str, Arrays]:
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> Any:
        return (scale * rng.standard_normal(shape)).astype(dtype)

    def labels(n: int, k: int) -> Any:
        return np.eye(k, dtype=dtype)[rng.integers(0, k, n)]

    n = 1_000_000
    sizes = (784, 256, 256, 10)
    layers = [a for i, o in pairwise(sizes) for a in (normal(i, o, scale=i**-0.5), normal(o, scale=0.1))]
    return {
        "payoff": (*(rng.uniform(low, high, n) for low, high in ((80, 120), (80, 120), (0.2, 2), (0.1, 0.5))), 0.03),
        "softmax": (normal(100, 10, scale=0.1), normal(10, scale=0.1), normal(10_000, 100), labels(10_000, 10)),
        "network": (*layers, normal(128, 784), labels(128, 10)),
        "small": tuple(normal(*s, scale=0.3) for s in ((16, 16), (16,), (16, 16), (16,), (16,), (16,))),
        "heat": (normal(1000), 0.2),
        "recurrence": (normal(100_000),),
    }


def _products_of_network(args: Arrays) -> Callable[[], None]:
    """The eight products of matrices that a gradient of the network cannot do without."""
    w1, _, w2, _, w3, _, x, _ = args
    h1, h2, z = x @ w1, x @ w1 @ w2, x @ w1 @ w2 @ w3
    outs = [np.empty_like(a) for a in (h1, h2, z, w3, h2, w2, h1, w1)]

    def run() -> None:
        pairs = ((x, w1), (h1, w2), (h2, w3), (h2.T, z), (z, w3.T), (h1.T, h2), (h2, w2.T), (x.T, h1))
        for (a, b), out in zip(pairs, outs):
            np.matmul(a, b, out=out)

    return run


def _products_of_softmax(args: Arrays) -> Callable[[], None]:
    w, _, x, y = args
    z, gradient = np.empty_like(y), np.empty_like(w)

    def run() -> None:
        np.matmul(x, w, out=z)
        np.matmul(x.T, y, out=gradient)

    return run


def programs() -> list[ArrayProgram]:
    """What is measured."""
    wide, narrow = _made(), _made("float32")
    return [
        ArrayProgram("elementwise, 10^6 elements, 5 inputs", payoff, wide["payoff"], 5),
        ArrayProgram("softmax regression, 10^4 x 100 x 10", softmax, wide["softmax"], 2, True, _products_of_softmax),
        ArrayProgram("network 784-256-256-10 of 128, f64", network, wide["network"], 6, True, _products_of_network),
        ArrayProgram("network 784-256-256-10 of 128, f32", network, narrow["network"], 6, True, _products_of_network),
        ArrayProgram("network 16-16-1 of 1", small_network, wide["small"], 5),
        ArrayProgram("heat equation, 1000 cells, 1000 steps", heat, wide["heat"], 2, False),
        ArrayProgram("recurrence by index, 10^5", recurrence, wide["recurrence"], 1, False),
    ]


def of_jax(p: ArrayProgram) -> tuple[Callable[..., Any], Arrays] | None:
    """The gradient by JAX, and the arguments; None where JAX is not installed, or the program is none of JAX's."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    if not p.jax:
        return None
    jax.config.update("jax_enable_x64", True)
    names = dict(globals(), np=jnp)
    names["cross_entropy"] = FunctionType(cross_entropy.__code__, names)
    fn = FunctionType(p.fn.__code__, names)  # type: ignore[attr-defined]
    gradient = jax.jit(jax.grad(fn, tuple(range(p.by))))
    return lambda *args: jax.block_until_ready(gradient(*args)), tuple(map(jnp.asarray, p.args))


def timed(p: ArrayProgram) -> dict[str, float]:
    """Seconds of one run by each peer."""
    timers = {"gradient": python_timer(tl.grad(p.fn, tuple(range(p.by))), p.args)}
    timers["value"] = python_timer(tl.jit(p.fn), p.args)
    timers["NumPy"] = python_timer(p.fn, p.args)
    theirs = of_jax(p)
    if theirs is not None:
        timers["JAX"] = python_timer(*theirs)
    if p.products is not None:
        timers["products"] = python_timer(p.products(p.args), ())
    return measure(timers)


def table() -> list[str]:
    """One row for each program."""
    rows = [
        "| program | gradient | value | value by NumPy | gradient by JAX | products alone | gradient / JAX |"
        " gradient / products |",
        "|" + " --- |" * 8,
    ]
    for p in programs():
        t = timed(p)
        cells = [human(t.get(peer)) for peer in ("gradient", "value", "NumPy", "JAX", "products")]
        cells += [f"{t['gradient'] / t[peer]:.2f}" if peer in t else "" for peer in ("JAX", "products")]
        rows.append(f"| {p.title} | {' | '.join(cells)} |")
        print(rows[-1], file=sys.stderr)
    return rows


if __name__ == "__main__":
    print("\n".join(table()))
