"""The log likelihood of a Kalman filter, with its gradient by the two variances and the damping.

A body moves with a damped velocity that is pushed at random; its position is measured. The check is the density of all
measurements at once, which are normal with a covariance that is known.
"""

import numpy as np
import tapeless as tl


def model(theta):
    """Transition, covariance of what pushes, how a state is measured, variance of the measurement."""
    damping, push, noise = theta
    transition = np.array([[1.0, 1.0], [0.0, damping]])
    return transition, np.array([[0.0, 0.0], [0.0, push**2]]), np.array([[1.0, 0.0]]), noise**2


def log_likelihood(theta, ys):
    f, q, h, r = model(theta)
    x, p = np.zeros(2), np.eye(2)
    total = 0.0
    for y in ys:
        x, p = f @ x, f @ p @ f.T + q
        s = (h @ p @ h.T)[0, 0] + r
        surprise = y - (h @ x)[0]
        total -= 0.5 * (np.log(2.0 * np.pi * s) + surprise**2 / s)
        gain = (p @ h.T)[:, 0] / s
        x = x + gain * surprise
        p = p - np.outer(gain, gain) * s
    return total


def jointly(theta, ys):
    """The same by the covariance of all measurements."""
    f, q, h, r = model(theta)
    n = len(ys)
    powers = [np.linalg.matrix_power(f, k) for k in range(n + 1)]
    p, cov = np.eye(2), np.zeros((n, n))
    for i in range(n):
        p = f @ p @ f.T + q
        for j in range(i, n):
            cov[i, j] = cov[j, i] = (h @ p @ powers[j - i].T @ h.T)[0, 0] + r * (i == j)
    return -0.5 * (ys @ np.linalg.solve(cov, ys) + np.linalg.slogdet(2.0 * np.pi * cov)[1])


def measurements(rng, n, damping, push, noise):
    position, velocity, out = 0.0, 0.0, []
    for _ in range(n):
        position, velocity = position + velocity, damping * velocity + push * rng.normal()
        out.append(position + noise * rng.normal())
    return np.array(out)


def main() -> None:
    ys = measurements(np.random.default_rng(0), 200, 0.9, 0.3, 1.0)
    theta = np.array([0.5, 1.0, 0.5])
    value_and_grad = tl.value_and_grad(log_likelihood)
    value, gradient = value_and_grad(theta, ys)
    assert np.isclose(value, jointly(theta, ys))
    for k in range(3):
        step = 1e-5 * np.eye(3)[k]
        assert np.isclose(gradient[k], (jointly(theta + step, ys) - jointly(theta - step, ys)) / 2e-5, rtol=1e-6)

    for step in range(201):
        value, gradient = value_and_grad(theta, ys)
        if step % 50 == 0:
            print(f"step {step:3}   log p {value:10.4f}   damping, push, noise {np.round(theta, 3)}")
        theta = theta + 0.05 * gradient / (1.0 + np.linalg.norm(gradient))
    assert np.max(np.abs(theta - [0.9, 0.3, 1.0])) < 0.15


if __name__ == "__main__":
    main()
