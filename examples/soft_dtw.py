"""Soft dynamic time warping: a table filled by dynamic programming, and its gradient by the whole sequence.

soft-DTW (Cuturi and Blondel, 2017) is minus the logarithm of the sum of exp(-cost) over all alignments. For short
sequences all alignments can be listed, which is the check; for long ones the gradient moves a sequence to its mean.
"""

import math

import numpy as np
import tapeless as tl


def soft_dtw(x, y):
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), 1e10)
    r[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            a, b, c = r[i, j], r[i, j + 1], r[i + 1, j]
            least = min(a, b, c)
            soft = least - np.log(np.exp(least - a) + np.exp(least - b) + np.exp(least - c))
            r[i + 1, j + 1] = (x[i] - y[j]) ** 2 + soft
    return r[n, m]


def by_listing(x, y):
    """The same by going through all alignments."""

    def costs(i, j):
        here = (x[i] - y[j]) ** 2
        if (i, j) == (0, 0):
            return [here]
        before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        return [here + c for p, q in before if min(p, q) >= 0 for c in costs(p, q)]

    return -math.log(sum(math.exp(-c) for c in costs(len(x) - 1, len(y) - 1)))


def main() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=5), rng.normal(size=4)
    value, gradient = tl.value_and_grad(soft_dtw)(x, y)
    assert math.isclose(value, by_listing(x, y), rel_tol=1e-12)
    for k in range(5):
        step = 1e-5 * np.eye(5)[k]
        slope = (by_listing(x + step, y) - by_listing(x - step, y)) / 2e-5
        assert math.isclose(gradient[k], slope, rel_tol=1e-6, abs_tol=1e-9)

    t = np.linspace(0.0, 1.0, 100)
    signals = [np.exp(-50.0 * (t - at) ** 2) for at in (0.35, 0.5, 0.65)]

    def total(x):
        return soft_dtw(x, signals[0]) + soft_dtw(x, signals[1]) + soft_dtw(x, signals[2])

    mean = sum(signals) / 3
    value_and_grad = tl.value_and_grad(total)
    for step in range(101):
        value, gradient = value_and_grad(mean)
        if step % 25 == 0:
            print(f"step {step:3}   soft-DTW {value:9.4f}   peak {mean.max():.3f}")
        mean = mean - 0.02 * gradient
    assert 0.8 < mean.max() < 1.05  # a mean of shapes; the mean of numbers is flatter


if __name__ == "__main__":
    main()
