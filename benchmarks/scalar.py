"""Scalar control flow: a loop that ends by its data, an ODE, nested loops with a branch."""

from harness import Program


def cube_root(a):
    """A damped fixed point of x = a / x**2; the number of iterations depends on a."""
    x = 1.0 + a
    moved = 1.0
    while moved > 1e-12:
        y = 0.995 * x + 0.005 * (a / (x * x))
        moved = abs(y - x)
        x = y
    return x


def acceleration(x, y, mu, k):
    return mu * (1.0 - x * x) * y - k * x


def oscillator(mu, k, x, n):
    """Van der Pol's oscillator, n steps of the classical Runge-Kutta method."""
    h = 1e-3
    y = 0.0
    for _ in range(n):
        a1 = acceleration(x, y, mu, k)
        y2 = y + 0.5 * h * a1
        a2 = acceleration(x + 0.5 * h * y, y2, mu, k)
        y3 = y + 0.5 * h * a2
        a3 = acceleration(x + 0.5 * h * y2, y3, mu, k)
        y4 = y + h * a3
        a4 = acceleration(x + h * y3, y4, mu, k)
        x = x + h / 6.0 * (y + 2.0 * y2 + 2.0 * y3 + y4)
        y = y + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
    return x + 0.5 * y


def switching(x, r, n, m):
    """Two maps; pseudorandom numbers say which of them comes next."""
    seed = 1
    total = 0.0
    for _ in range(n):
        for _ in range(m):
            seed = seed * 16807 % 2147483647
            if seed % 3 == 0:
                x = r * x * (1.0 - x)
            else:
                x = 0.7 * x + 0.1 * r
        total = total + x
    return total / n


def jax_cube_root(jax, jnp):
    def f(a):
        def step(state):
            x, _ = state
            y = 0.995 * x + 0.005 * (a / (x * x))
            return y, jnp.abs(y - x)

        return jax.lax.while_loop(lambda s: s[1] > 1e-12, step, (1.0 + a, 1.0))[0]

    return f


def jax_oscillator(jax, jnp):
    def f(mu, k, x, n):
        h = 1e-3

        def step(_, state):
            x, y = state
            a1 = acceleration(x, y, mu, k)
            y2 = y + 0.5 * h * a1
            a2 = acceleration(x + 0.5 * h * y, y2, mu, k)
            y3 = y + 0.5 * h * a2
            a3 = acceleration(x + 0.5 * h * y2, y3, mu, k)
            y4 = y + h * a3
            a4 = acceleration(x + h * y3, y4, mu, k)
            return x + h / 6.0 * (y + 2.0 * y2 + 2.0 * y3 + y4), y + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)

        x, y = jax.lax.fori_loop(0, n, step, (x, 0.0))
        return x + 0.5 * y

    return f


def jax_switching(jax, jnp):
    def f(x, r, n, m):
        def inner(_, state):
            x, seed = state
            seed = seed * 16807 % 2147483647
            return jnp.where(seed % 3 == 0, r * x * (1.0 - x), 0.7 * x + 0.1 * r), seed

        def outer(_, state):
            x, seed, total = state
            x, seed = jax.lax.fori_loop(0, m, inner, (x, seed))
            return x, seed, total + x

        return jax.lax.fori_loop(0, n, outer, (x, 1, 0.0))[2] / n

    return f


PROGRAMS = [
    Program("while", "a loop that ends by its data, 1800 iterations", cube_root, (2.0,), (0.5,), "cube_root",
            jax=jax_cube_root, jax_forward=True),
    Program("ode", "Runge-Kutta, 10^5 steps, 2 states, 3 parameters", oscillator, (1.2, 1.1, 0.8, 100_000),
            (1.2, 1.1, 0.8, 30), "oscillator", jax=jax_oscillator),
    Program("branches", "nested loops with a branch, 10^6 iterations", switching, (0.3, 2.9, 1000, 1000),
            (0.3, 2.9, 4, 5), "switching", jax=jax_switching),
]  # fmt: skip

C = r"""
void cube_root(const double *in, const long *n, double *out) {
  double a = in[0], x = 1.0 + a, moved = 1.0, *s = room(0, 4096);
  long t = 0, size = 4096;
  while (moved > 1e-12) {
    if (t == size) s = room(0, size *= 2);
    s[t++] = x;
    double y = 0.995 * x + 0.005 * (a / (x * x));
    moved = fabs(y - x);
    x = y;
  }
  double xb = 1.0, ab = 0.0;
  while (t--) {
    double r = 1.0 / s[t], w = 0.005 * xb * (r * r);
    ab += w;
    xb = 0.995 * xb - 2.0 * w * a * r;
  }
  out[0] = x; out[1] = ab + xb;
}

#define ACCELERATION(x, y) (mu * (1.0 - (x) * (x)) * (y) - k * (x))
#define STEP \
  double a1 = ACCELERATION(x, y), x2 = x + 0.5 * h * y, y2 = y + 0.5 * h * a1; \
  double a2 = ACCELERATION(x2, y2), x3 = x + 0.5 * h * y2, y3 = y + 0.5 * h * a2; \
  double a3 = ACCELERATION(x3, y3), x4 = x + h * y3, y4 = y + h * a3
/* what the position and the velocity get from q, the cotangent of the acceleration */
#define PULL(x, y, q, bx, by) \
  double bx, by; { double u = 1.0 - (x) * (x), qm = (q) * mu; \
    bx = -2.0 * qm * (x) * (y) - (q) * k; by = qm * u; mub += (q) * u * (y); kb -= (q) * (x); }
void oscillator(const double *in, const long *n, double *out) {
  double mu = in[0], k = in[1], x = in[2], y = 0.0, h = 1e-3, *s = room(0, 2 * n[0]);
  for (long i = 0; i < n[0]; i++) {
    s[2 * i] = x; s[2 * i + 1] = y;
    STEP;
    double a4 = ACCELERATION(x4, y4);
    x = x + h / 6.0 * (y + 2.0 * y2 + 2.0 * y3 + y4);
    y = y + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4);
  }
  out[0] = x + 0.5 * y;
  double xb = 1.0, yb = 0.5, mub = 0.0, kb = 0.0;
  for (long i = n[0]; i--;) {
    x = s[2 * i]; y = s[2 * i + 1];
    STEP;
    double p = h / 6.0 * xb, q = h / 6.0 * yb;
    PULL(x4, y4, q, x4b, v4);      double y4b = p + v4, a3b = 2.0 * q + h * y4b;
    PULL(x3, y3, a3b, x3b, v3);    double y3b = 2.0 * p + h * x4b + v3, a2b = 2.0 * q + 0.5 * h * y3b;
    PULL(x2, y2, a2b, x2b, v2);    double y2b = 2.0 * p + 0.5 * h * x3b + v2, a1b = q + 0.5 * h * y2b;
    PULL(x, y, a1b, x1b, v1);
    xb += x4b + x3b + x2b + x1b;
    yb += p + 0.5 * h * x2b + v1 + y2b + y3b + y4b;
  }
  out[1] = mub; out[2] = kb; out[3] = xb;
}

void switching(const double *in, const long *n, double *out) {
  static unsigned char *way;
  static long size;
  long count = n[0] * n[1], t = 0, seed = 1;
  double x = in[0], r = in[1], total = 0.0, *s = room(0, count);
  if (count > size) way = realloc(way, size = count);
  for (long i = 0; i < n[0]; i++) {
    for (long j = 0; j < n[1]; j++, t++) {
      seed = seed * 16807 % 2147483647;
      s[t] = x; way[t] = seed % 3 == 0;
      x = way[t] ? r * x * (1.0 - x) : 0.7 * x + 0.1 * r;
    }
    total += x;
  }
  double xb = 0.0, rb = 0.0, w = 1.0 / n[0];
  for (long i = 0; i < n[0]; i++) {
    xb += w;
    for (long j = 0; j < n[1]; j++) {
      double v = s[--t];
      if (way[t]) { rb += xb * (v * (1.0 - v)); xb *= r * (1.0 - 2.0 * v); }
      else { rb += 0.1 * xb; xb *= 0.7; }
    }
  }
  out[0] = total / n[0]; out[1] = xb; out[2] = rb;
}
"""
