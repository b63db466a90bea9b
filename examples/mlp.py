"""Trains a network of three layers by minibatch gradient descent: the loss is NumPy, its gradient compiled.

The parameters are a list of (weights, biases), and so is the gradient. The classes are the two arms of a spiral.
"""

import numpy as np
import tapeless as tl


def score(params, x):
    for w, b in params[:-1]:
        x = np.tanh(x @ w + b)
    w, b = params[-1]
    return (x @ w + b)[:, 0]


def loss(params, x, y):
    """The mean cross-entropy; y is -1 or 1."""
    return np.mean(np.log1p(np.exp(-y * score(params, x))))


def spiral(rng, n):
    """Points on two arms, and which arm."""
    t, y = rng.uniform(0.5, 3.0, n), rng.choice([-1.0, 1.0], n)
    points = (y * t)[:, None] * np.stack([np.cos(2.5 * t), np.sin(2.5 * t)], axis=1)
    return points + 0.05 * rng.normal(size=(n, 2)), y


def layer(rng, inputs, outputs):
    return rng.normal(size=(inputs, outputs)) * np.sqrt(2.0 / inputs), np.zeros(outputs)


def main() -> None:
    rng = np.random.default_rng(0)
    x, y = spiral(rng, 1024)
    params = [layer(rng, 2, 32), layer(rng, 32, 32), layer(rng, 32, 1)]
    value_and_grad = tl.value_and_grad(loss)

    for epoch in range(81):
        order, total = rng.permutation(len(x)), 0.0
        for batch in np.split(order, 16):
            value, grads = value_and_grad(params, x[batch], y[batch])
            total += value / 16
            params = [(w - 0.3 * gw, b - 0.3 * gb) for (w, b), (gw, gb) in zip(params, grads)]
        if epoch % 20 == 0:
            print(f"epoch {epoch:3}   loss {total:.4f}")

    right = np.mean(np.sign(score(params, x)) == y)
    print(f"accuracy  {right:.3f}")
    assert right > 0.99

    # the derivative along the gradient against a difference of two losses in NumPy
    _, grads = value_and_grad(params, x, y)
    up, down = ([(w + h * gw, b + h * gb) for (w, b), (gw, gb) in zip(params, grads)] for h in (1e-3, -1e-3))
    slope = (loss(up, x, y) - loss(down, x, y)) / 2e-3
    assert np.isclose(slope, sum(np.sum(gw**2) + np.sum(gb**2) for gw, gb in grads), rtol=1e-4)


if __name__ == "__main__":
    main()
