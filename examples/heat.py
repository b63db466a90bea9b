"""The heat equation with a conductivity that is learned: slices, writing in place, a loop over time.

The loss compares the temperatures at all times with measured ones; its gradient by the conductivity between each two
cells goes back through all time steps.
"""

import numpy as np
import tapeless as tl

STEPS, DT = 400, 0.2


def step(u, conductivity):
    """One explicit step of time, in place; the ends keep their temperature."""
    flux = conductivity * (u[1:] - u[:-1])
    u[1:-1] += DT * (flux[1:] - flux[:-1])


def loss(conductivity, start, measured):
    u, total = start.copy(), 0.0
    for m in measured:
        step(u, conductivity)
        total += np.sum((u - m) ** 2)
    return total / len(measured)


def main() -> None:
    x = np.linspace(0.0, 1.0, 24)
    truth = np.where((x[1:] > 0.4) & (x[1:] < 0.6), 0.4, 1.0)  # an insulating layer
    start = np.where(x < 0.5, x, 1.0) + 0.3 * np.sin(20.0 * x)
    u, measured = start.copy(), np.zeros((STEPS, len(x)))
    for k in range(STEPS):
        step(u, truth)
        measured[k] = u

    found, velocity = np.full(len(x) - 1, 0.7), np.zeros(len(x) - 1)
    value_and_grad = tl.value_and_grad(loss)
    for k in range(1001):
        value, gradient = value_and_grad(found, start, measured)
        velocity = 0.97 * velocity - 0.3 * gradient
        found = found + velocity
        if k % 200 == 0:
            print(f"step {k:4}   loss {value:.2e}   largest error {np.max(np.abs(found - truth)):.3f}")
    assert np.max(np.abs(found - truth)) < 0.02

    # one entry of the gradient against a difference of two losses in NumPy
    up, down = np.full((2, len(found)), 0.7)
    up[11], down[11] = 0.7 + 1e-5, 0.7 - 1e-5
    slope = (loss(up, start, measured) - loss(down, start, measured)) / 2e-5
    assert np.isclose(tl.grad(loss)(np.full(len(found), 0.7), start, measured)[11], slope, rtol=1e-6)


if __name__ == "__main__":
    main()
