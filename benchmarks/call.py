"""The cost of one call from Python: a derivative that is nearly no work."""

import math

from harness import Program, unrolled


def square(x):
    return x * x


def plane(x, y, a, b):
    return a * x + b * y


def wave(x):
    """It refers to a global, which each call checks."""
    return x * math.sin(x)


PROGRAMS = [
    Program("square", "x * x", square, (1.5,), (1.5,), "square", jax=unrolled(square)),
    Program("plane", "a * x + b * y, by all four", plane, (1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0), "plane",
            jax=unrolled(plane)),
    Program("wave", "x * math.sin(x)", wave, (1.5,), (1.5,), "wave", jax=unrolled(wave)),
]  # fmt: skip

C = """
void square(const double *in, const long *n, double *out) { out[0] = in[0] * in[0]; out[1] = 2.0 * in[0]; }
void plane(const double *in, const long *n, double *out) {
  out[0] = in[2] * in[0] + in[3] * in[1];
  out[1] = in[2]; out[2] = in[3]; out[3] = in[0]; out[4] = in[1];
}
void wave(const double *in, const long *n, double *out) {
  double s = sin(in[0]);
  out[0] = in[0] * s; out[1] = s + in[0] * cos(in[0]);
}
"""
