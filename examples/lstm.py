"""Trains an LSTM to add: of a sequence of numbers, the sum of the two that are marked.

The loop over time is a loop in the compiled program; reverse mode keeps what it needs of each step.
"""

import numpy as np
import tapeless as tl

HIDDEN, STEPS, BATCH = 24, 12, 64


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def predict(params, xs):
    """One number for each sequence; xs has shape (steps, batch, inputs)."""
    wx, wh, b, out = params
    h = np.zeros((xs.shape[1], HIDDEN))
    c = np.zeros((xs.shape[1], HIDDEN))
    for x in xs:
        i, f, o, g = np.split(x @ wx + h @ wh + b, 4, axis=1)
        c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h @ out


def loss(params, xs, target):
    return np.mean((predict(params, xs) - target) ** 2)


def sequences(rng):
    """Numbers, a mark beside two of them, and the sum of these two."""
    numbers, marks = rng.uniform(size=(STEPS, BATCH)), np.zeros((STEPS, BATCH))
    half = STEPS // 2
    for k in range(BATCH):
        marks[[rng.integers(half), half + rng.integers(half)], k] = 1.0
    return np.stack([numbers, marks], axis=2), np.sum(numbers * marks, axis=0)


def main() -> None:
    rng = np.random.default_rng(1)
    scale = 1.0 / np.sqrt(HIDDEN)
    params = (
        rng.normal(size=(2, 4 * HIDDEN)) * scale,
        rng.normal(size=(HIDDEN, 4 * HIDDEN)) * scale,
        np.zeros(4 * HIDDEN),
        rng.normal(size=HIDDEN) * scale,
    )
    value_and_grad = tl.value_and_grad(loss)
    first = [np.zeros_like(p) for p in params]
    second = [np.zeros_like(p) for p in params]
    for step in range(1, 401):  # Adam
        value, grads = value_and_grad(params, *sequences(rng))
        first = [0.9 * m + 0.1 * g for m, g in zip(first, grads)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, grads)]
        rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        params = tuple(p - rate * m / (np.sqrt(v) + 1e-8) for p, m, v in zip(params, first, second))
        if step % 100 == 0:
            print(f"step {step:4}   loss {value:.5f}")

    xs, target = sequences(rng)
    final = loss(params, xs, target)
    print(f"loss on new sequences  {final:.5f} (of the mean, {np.var(target):.5f})")
    assert final < 0.2 * np.var(target)

    # the derivative along the gradient against a difference of two losses in NumPy
    _, grads = value_and_grad(params, xs, target)
    up, down = (tuple(p + h * g for p, g in zip(params, grads)) for h in (1e-4, -1e-4))
    slope = (loss(up, xs, target) - loss(down, xs, target)) / 2e-4
    assert np.isclose(slope, sum(np.sum(g * g) for g in grads), rtol=1e-4)


if __name__ == "__main__":
    main()
