"""A saddle point by gradients within gradients: min over x of max over y of f(x, y).

The inner ascent follows the gradient by y, the outer descent the gradient by x *through* the whole inner ascent.
f(x, y) = (x - 1)^2 + 2 x y - 2 y^2 has its saddle point at x = 2/3, y = 1/3, where both partial derivatives vanish.
"""

import math

import tapeless as tl


def f(x, y):
    return (x - 1.0) ** 2 + 2.0 * x * y - 2.0 * y * y


def best_response(x):
    """The y that maximizes f(x, y)."""
    y = 0.0
    for _ in range(60):
        y = y + 0.2 * tl.grad(f, argnums=1)(x, y)
    return y


@tl.jit
def saddle(x):
    """Gradient descent on x -> max over y of f(x, y)."""
    worst = lambda z: f(z, best_response(z))  # noqa: E731
    for _ in range(100):
        x = x - 0.2 * tl.grad(worst)(x)
    return x, best_response(x)


def main() -> None:
    x, y = saddle(3.0)
    dx, dy = tl.grad(f, argnums=(0, 1))(x, y)
    print(f"saddle point  x = {x:.9f}, y = {y:.9f}")
    print(f"gradient there  {dx:.2e}, {dy:.2e}")
    assert math.isclose(x, 2 / 3, rel_tol=1e-9) and math.isclose(y, 1 / 3, rel_tol=1e-9)
    assert abs(dx) < 1e-9 and abs(dy) < 1e-9


if __name__ == "__main__":
    main()
