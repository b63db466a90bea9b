"""A Gaussian process: the marginal likelihood by a Cholesky factor, and its gradient by the hyperparameters.

The check is the formula for the gradient (Rasmussen and Williams, 2006, equation 5.9), written by hand.
"""

import numpy as np
import tapeless as tl


def kernel(x, variance, length, noise):
    """The covariance of the observations."""
    distance = x[:, None] - x[None, :]
    return variance * np.exp(-0.5 * (distance / length) ** 2) + noise * np.eye(len(x))


def negative_log_likelihood(theta, x, y):
    """By the logarithms of variance, length and noise."""
    variance, length, noise = np.exp(theta)
    factor = np.linalg.cholesky(kernel(x, variance, length, noise))
    z = np.linalg.solve(factor, y)
    return 0.5 * (z @ z) + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * np.log(2.0 * np.pi)


def by_hand(theta, x, y):
    """The gradient: tr(K^-1 dK) / 2 - y' K^-1 dK K^-1 y / 2."""
    variance, length, noise = np.exp(theta)
    inverse = np.linalg.inv(kernel(x, variance, length, noise))
    alpha = inverse @ y
    smooth = kernel(x, variance, length, 0.0)
    squares = ((x[:, None] - x[None, :]) / length) ** 2
    changes = smooth, smooth * squares, noise * np.eye(len(x))
    return np.array([0.5 * np.sum(inverse * d) - 0.5 * alpha @ d @ alpha for d in changes])


def main() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0.0, 10.0, 60))
    y = np.sin(x) + 0.2 * rng.normal(size=60)

    theta = np.zeros(3)
    value_and_grad = tl.value_and_grad(negative_log_likelihood)
    for step in range(101):
        value, gradient = value_and_grad(theta, x, y)
        assert np.allclose(gradient, by_hand(theta, x, y), rtol=1e-6, atol=1e-7)
        if step % 25 == 0:
            print(f"step {step:3}   -log p {value:9.4f}   gradient {np.round(gradient, 4)}")
        theta = theta - 0.02 * gradient

    variance, length, noise = np.exp(theta)
    print(f"variance {variance:.3f}, length {length:.3f}, standard deviation of the noise {noise**0.5:.3f} (0.2)")
    assert abs(noise**0.5 - 0.2) < 0.05


if __name__ == "__main__":
    main()
