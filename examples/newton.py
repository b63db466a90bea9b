"""Newton's method: a loop that runs until it has converged, with a derivative inside, differentiated as a whole.

The root r(a) of z^3 = a has the derivative 1 / (3 r^2): the gradient through the loop must give that.
"""

import math

import tapeless as tl


def root(a):
    f = lambda z: z * z * z - a  # noqa: E731
    x = 1.0
    while abs(f(x)) > 1e-12:
        x = x - f(x) / tl.grad(f)(x)
    return x


def main() -> None:
    print("    a     root          slope         1 / (3 root^2)")
    for a in (0.5, 2.0, 5.0, 27.0):
        value, slope = tl.value_and_grad(root)(a)
        expected = 1.0 / (3.0 * value * value)
        print(f"{a:6.1f}   {value:.9f}   {slope:.9f}   {expected:.9f}")
        assert math.isclose(value, a ** (1 / 3), rel_tol=1e-9)
        assert math.isclose(slope, expected, rel_tol=1e-6)


if __name__ == "__main__":
    main()
