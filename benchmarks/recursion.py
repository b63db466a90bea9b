"""Recursion: non-tail, as a tree, mutual, and over closures."""

import math

from harness import Program, unrolled


def fraction(x, n):
    """A continued fraction."""
    return 1.0 if n == 0 else 1.0 + x / fraction(x, n - 1)


def tree(x, n):
    if n < 2:
        return x
    return math.cos(tree(x, n - 1)) + x * tree(x, n - 2)


def ping(x, n):
    return x if n == 0 else math.tanh(pong(x, n - 1)) + 0.2 * x


def pong(x, n):
    return 1.0 if n == 0 else math.exp(-ping(x, n - 1)) * x


def chain(f, n):
    """f after itself, n times."""
    if n == 0:
        return f
    g = chain(f, n - 1)
    return lambda y: f(g(y))


def closures(x, a, n):
    return chain(lambda y: a * math.cos(y) + 0.5 * x, n)(x)


PROGRAMS = [
    Program("non-tail", "a continued fraction, 400 deep", fraction, (0.9, 400), (0.9, 7), "fraction",
            jax=unrolled(fraction)),
    Program("tree", "a tree of 57 000 calls", tree, (0.6, 22), (0.6, 7), "tree"),
    Program("mutual", "two functions that call each other, 300 deep", ping, (0.8, 300), (0.8, 5), "ping",
            jax=unrolled(ping)),
    Program("closures", "a closure over a closure, 200 deep", closures, (0.6, 0.9, 200), (0.6, 0.9, 4), "closures",
            jax=unrolled(closures)),
]  # fmt: skip

C = r"""
void fraction(const double *in, const long *n, double *out) {
  double x = in[0], *s = room(0, n[0] + 1), b = 1.0, xb = 0.0;
  s[0] = 1.0;
  for (long k = 1; k <= n[0]; k++) s[k] = 1.0 + x / s[k - 1];
  for (long k = n[0]; k--;) { double q = b / s[k]; xb += q; b = -q * x / s[k]; }
  out[0] = s[n[0]]; out[1] = xb;
}

static double *top;
static double tree_up(double x, long n) {
  if (n < 2) return x;
  double p = tree_up(x, n - 1), q = tree_up(x, n - 2);
  *top++ = p; *top++ = q;
  return cos(p) + x * q;
}
static double tree_down(double x, long n, double b) {  /* gives the cotangent of x */
  if (n < 2) return b;
  double q = *--top, p = *--top;
  return b * q + tree_down(x, n - 2, b * x) + tree_down(x, n - 1, -b * sin(p));
}
void tree(const double *in, const long *n, double *out) {
  double a = 1.0, b = 1.0;
  for (long k = 2; k <= n[0]; k++) { double c = a + b; a = b; b = c; }  /* b leaves */
  top = room(0, 2 * (size_t)b);
  out[0] = tree_up(in[0], n[0]);
  out[1] = tree_down(in[0], n[0], 1.0);
}

void ping(const double *in, const long *n, double *out) {
  double x = in[0], *s = room(0, n[0] + 1), *e = room(1, n[0] + 1), b = 1.0, xb = 0.0;
  s[0] = n[0] % 2 == 0 ? x : 1.0;
  for (long k = 1; k <= n[0]; k++) {  /* k levels are left: ping where n - k is even */
    if ((n[0] - k) % 2 == 0) { e[k] = tanh(s[k - 1]); s[k] = e[k] + 0.2 * x; }
    else { e[k] = exp(-s[k - 1]); s[k] = e[k] * x; }
  }
  for (long k = n[0]; k >= 1; k--) {
    if ((n[0] - k) % 2 == 0) { xb += 0.2 * b; b *= 1.0 - e[k] * e[k]; }
    else { xb += b * e[k]; b *= -s[k]; }
  }
  if (n[0] % 2 == 0) xb += b;
  out[0] = s[n[0]]; out[1] = xb;
}

void closures(const double *in, const long *n, double *out) {
  double x = in[0], a = in[1], y = x, *s = room(0, n[0] + 1), *c = room(1, n[0] + 1);
  for (long k = 0; k <= n[0]; k++) { s[k] = y; c[k] = cos(y); y = a * c[k] + 0.5 * x; }
  double b = 1.0, xb = 0.0, ab = 0.0;
  for (long k = n[0] + 1; k--;) { xb += 0.5 * b; ab += b * c[k]; b *= -a * sin(s[k]); }
  out[0] = y; out[1] = xb + b; out[2] = ab;
}
"""
