"""Logistic regression by SciPy's BFGS: `minimize(jac=True)` takes a function that gives value and gradient."""

import numpy as np
import tapeless as tl


def loss(w, x, y, strength):
    """The mean cross-entropy of labels 0 and 1, and a penalty."""
    z = x @ w
    return np.mean(np.logaddexp(0.0, z) - y * z) + strength * np.sum(w**2)


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 8))
    truth = np.linspace(-2.0, 2.0, 8)
    y = (rng.uniform(size=500) < 1.0 / (1.0 + np.exp(-x @ truth))).astype(float)

    try:
        from scipy.optimize import minimize
    except ImportError:
        print("this example needs SciPy: pip install scipy")
        return

    found = minimize(tl.value_and_grad(loss), np.zeros(8), args=(x, y, 1e-3), jac=True)
    print(f"loss {found.fun:.6f} after {found.nit} iterations")
    print("truth ", np.round(truth, 2))
    print("found ", np.round(found.x, 2))

    # at the minimum, the gradient by the formula is zero
    gradient = x.T @ (1.0 / (1.0 + np.exp(-x @ found.x)) - y) / 500 + 2e-3 * found.x
    assert found.success and np.max(np.abs(gradient)) < 1e-5
    assert np.max(np.abs(found.x - truth)) < 0.6


if __name__ == "__main__":
    main()
