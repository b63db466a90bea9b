"""Fits the damping of an oscillator: Runge-Kutta steps, the loss and the gradient descent are one compiled program.

The measurement is the state after two seconds of an oscillator x'' = -x - k x' with k = 0.35. The fit starts from
k = 1 and follows the gradient of the squared distance through all Runge-Kutta steps.
"""

import math

import tapeless as tl

STEPS, DT = 40, 0.05


def simulate(k):
    """The state (x, v) after STEPS steps of classical Runge-Kutta from (1, 0)."""

    def rhs(x, v):
        return v, -x - k * v

    x, v = 1.0, 0.0
    for _ in range(STEPS):
        ax, av = rhs(x, v)
        bx, bv = rhs(x + DT / 2 * ax, v + DT / 2 * av)
        cx, cv = rhs(x + DT / 2 * bx, v + DT / 2 * bv)
        dx, dv = rhs(x + DT * cx, v + DT * cv)
        x += DT / 6 * (ax + 2 * bx + 2 * cx + dx)
        v += DT / 6 * (av + 2 * bv + 2 * cv + dv)
    return x, v


@tl.jit
def fit(k, measured_x, measured_v, steps):
    """Gradient descent on the squared distance to the measured state."""

    def loss(rate):
        x, v = simulate(rate)
        return (x - measured_x) ** 2 + (v - measured_v) ** 2

    for _ in range(steps):
        k = k - 1.0 * tl.grad(loss)(k)
    return k, loss(k)


def exact(k, t):
    """The state at time t by the formula for weak damping."""
    w = math.sqrt(1 - k * k / 4)
    decay = math.exp(-k * t / 2)
    return decay * (math.cos(w * t) + k / (2 * w) * math.sin(w * t)), -decay * math.sin(w * t) / w


def main() -> None:
    x, v = exact(0.35, STEPS * DT)
    k, loss = fit(1.0, x, v, 200)
    print(f"damping  {k:.8f} (0.35 was used)")
    print(f"loss     {loss:.3e}")
    assert math.isclose(k, 0.35, rel_tol=1e-5)


if __name__ == "__main__":
    main()
