"""Derivatives of order 1 to 6 of a loop and of a recursion, against truncated Taylor series in C."""

import math

from harness import Program, unrolled

ORDERS = range(1, 7)


def loop(x, m):
    y = x
    for _ in range(m):
        y = math.sin(y) * x + 0.3 * y
    return y


def recursion(x, m):
    if m == 0:
        return x
    y = recursion(x, m - 1)
    return math.exp(-y * y) * x


PROGRAMS = [
    Program(f"{fn.__name__} {order}", f"derivative of order {order} of a {fn.__name__} of 10", fn, (0.9, 10), (0.7, 3),
            f"{fn.__name__}_series", order, unrolled(fn) if order < 5 else None)
    for fn in (loop, recursion) for order in ORDERS
]  # fmt: skip

C = r"""
/* y[i]: the i-th coefficient of the series of y around in[0]; the order is n[1] */
#define SERIES(name, STEP) \
void name(const double *in, const long *n, double *out) { \
  double x = in[0], y[8] = {x, 1.0}, a[8], b[8]; \
  long order = n[1]; \
  for (long k = 0; k < n[0]; k++) STEP; \
  out[0] = y[0]; out[1] = y[order]; \
  for (long i = 2; i <= order; i++) out[1] *= i; \
}
static void sine(const double *y, double *s, double *c, long order) {
  s[0] = sin(y[0]); c[0] = cos(y[0]);
  for (long i = 1; i <= order; i++) {
    double p = 0.0, q = 0.0;
    for (long j = 1; j <= i; j++) { p += j * y[j] * c[i - j]; q += j * y[j] * s[i - j]; }
    s[i] = p / i; c[i] = -q / i;
  }
}
static void bell(const double *y, double *u, double *e, long order) {  /* e = exp(-y * y) */
  u[0] = -y[0] * y[0]; e[0] = exp(u[0]);
  for (long i = 1; i <= order; i++) {
    double p = 0.0, q = 0.0;
    for (long j = 0; j <= i; j++) p -= y[j] * y[i - j];
    u[i] = p;
    for (long j = 1; j <= i; j++) q += j * u[j] * e[i - j];
    e[i] = q / i;
  }
}
SERIES(loop_series, { sine(y, a, b, order);
  for (long i = 0; i <= order; i++) y[i] = a[i] * x + (i ? a[i - 1] : 0.0) + 0.3 * y[i]; })
SERIES(recursion_series, { bell(y, a, b, order);
  for (long i = 0; i <= order; i++) y[i] = b[i] * x + (i ? b[i - 1] : 0.0); })
"""
