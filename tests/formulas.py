"""Formulas, each with its value and gradient derived by hand: `f` and `f_by_hand`, the gradient by all inputs.

Derived as one would on paper for speed: shared subexpressions have names, products of constants are one constant.
"""

from __future__ import annotations

import math


def horner(x):
    return (((0.5 * x - 1.25) * x + 0.75) * x - 2.0) * x + 3.0


def horner_by_hand(x):
    value = (((0.5 * x - 1.25) * x + 0.75) * x - 2.0) * x + 3.0
    return value, ((2.0 * x - 3.75) * x + 1.5) * x - 2.0


def rosenbrock(x, y):
    a = 1.0 - x
    b = y - x * x
    return a * a + 100.0 * b * b


def rosenbrock_by_hand(x, y):
    a = 1.0 - x
    b = y - x * x
    c = 100.0 * b
    d = 2.0 * c
    return a * a + c * b, (-2.0 * (a + d * x), d)


def gaussian(x, mu, sigma):
    z = (x - mu) / sigma
    return math.exp(-0.5 * z * z) / (sigma * math.sqrt(2.0 * math.pi))


def gaussian_by_hand(x, mu, sigma):
    z = (x - mu) / sigma
    p = math.exp(-0.5 * z * z) / (sigma * math.sqrt(2.0 * math.pi))
    q = p / sigma
    by_mu = z * q
    return p, (-by_mu, by_mu, z * by_mu - q)


def logistic_loss(w, b, x, y):
    return math.log1p(math.exp(-y * (w * x + b)))


def logistic_loss_by_hand(w, b, x, y):
    m = w * x + b
    e = math.exp(-y * m)
    s = -e / (1.0 + e)
    t = s * y
    return math.log1p(e), (t * x, t, t * w, s * m)


def softplus(x, beta):
    return math.log(1.0 + math.exp(beta * x)) / beta


def softplus_by_hand(x, beta):
    e = math.exp(beta * x)
    u = 1.0 + e
    y = math.log(u) / beta
    s = e / u
    return y, (s, (s * x - y) / beta)


def norm(x, y, z):
    return math.sqrt(x * x + y * y + z * z)


def norm_by_hand(x, y, z):
    r = math.sqrt(x * x + y * y + z * z)
    s = 1.0 / r
    return r, (x * s, y * s, z * s)


def rational(x, a, b):
    return (a * x + 1.0) / (x * x + b)


def rational_by_hand(x, a, b):
    n = a * x + 1.0
    d = x * x + b
    y = n / d
    q = y / d
    return y, (a / d - 2.0 * x * q, x / d, -q)


def lennard_jones(r, epsilon, sigma):
    s = sigma / r
    s2 = s * s
    s6 = s2 * s2 * s2
    return 4.0 * epsilon * (s6 * s6 - s6)


def lennard_jones_by_hand(r, epsilon, sigma):
    s = sigma / r
    s2 = s * s
    s6 = s2 * s2 * s2
    d = s6 * s6 - s6
    e = 4.0 * epsilon
    force = 6.0 * e * (d + s6 * s6)
    return e * d, (-force / r, 4.0 * d, force / sigma)


def black_scholes(s, k, t, r, v):
    root = v * math.sqrt(t)
    d1 = (math.log(s / k) + (r + 0.5 * v * v) * t) / root
    d2 = d1 - root
    n1 = 0.5 * (1.0 + math.erf(d1 * math.sqrt(0.5)))
    n2 = 0.5 * (1.0 + math.erf(d2 * math.sqrt(0.5)))
    return s * n1 - k * math.exp(-r * t) * n2


def black_scholes_by_hand(s, k, t, r, v):
    w = math.sqrt(t)
    root = v * w
    drift = r + 0.5 * v * v
    d1 = (math.log(s / k) + drift * t) / root
    d2 = d1 - root
    n1 = 0.5 * (1.0 + math.erf(d1 * math.sqrt(0.5)))
    n2 = 0.5 * (1.0 + math.erf(d2 * math.sqrt(0.5)))
    discount = math.exp(-r * t)
    bond = k * discount
    cash = bond * n2
    stake = s * (math.exp(-0.5 * d1 * d1) * math.sqrt(0.5 / math.pi))
    debt = bond * (math.exp(-0.5 * d2 * d2) * math.sqrt(0.5 / math.pi))
    c = (stake - debt) / root
    by_root = debt - c * d1
    return s * n1 - cash, (
        n1 + c / s,
        -(discount * n2 + c / k),
        c * drift + r * cash + by_root * (0.5 * v / w),
        t * (c + cash),
        c * t * v + by_root * w,
    )


def tanh_unit(w1, w2, b, x1, x2):
    return math.tanh(w1 * x1 + w2 * x2 + b)


def tanh_unit_by_hand(w1, w2, b, x1, x2):
    y = math.tanh(w1 * x1 + w2 * x2 + b)
    d = 1.0 - y * y
    return y, (d * x1, d * x2, d, d * w1, d * w2)


def log_sum_exp(x, y, z):
    return math.log(math.exp(x) + math.exp(y) + math.exp(z))


def log_sum_exp_by_hand(x, y, z):
    a = math.exp(x)
    b = math.exp(y)
    c = math.exp(z)
    s = a + b + c
    return math.log(s), (a / s, b / s, c / s)


def quotient(x, y):
    return x / y


def quotient_by_hand(x, y):
    q = x / y
    return q, (1.0 / y, -q / y)


def triple_product(x, y, z):
    return x * y * z


def triple_product_by_hand(x, y, z):
    p = x * y
    return p * z, (y * z, x * z, p)


def pendulum_energy(theta, omega, m, length, g):
    return 0.5 * m * length**2 * omega**2 + m * g * length * (1.0 - math.cos(theta))


def pendulum_energy_by_hand(theta, omega, m, length, g):
    a = length**2
    b = omega**2
    h = 1.0 - math.cos(theta)
    mg = m * g
    mgl = mg * length
    half = 0.5 * m
    inertia = half * a
    kinetic = inertia * b
    lh = length * h
    return kinetic + mgl * h, (
        mgl * math.sin(theta),
        2.0 * inertia * omega,
        0.5 * a * b + g * lh,
        2.0 * half * b * length + mg * h,
        m * lh,
    )


def von_mises(s1, s2, s3):
    a = s1 - s2
    b = s2 - s3
    c = s3 - s1
    return math.sqrt(0.5 * (a * a + b * b + c * c))


def von_mises_by_hand(s1, s2, s3):
    a = s1 - s2
    b = s2 - s3
    c = s3 - s1
    v = math.sqrt(0.5 * (a * a + b * b + c * c))
    w = 0.5 / v
    return v, (w * (a - c), w * (b - a), w * (c - b))


def kepler(e, m, ecc):
    r = e - ecc * math.sin(e) - m
    return r * r


def kepler_by_hand(e, m, ecc):
    s = math.sin(e)
    r = e - ecc * s - m
    d = 2.0 * r
    return r * r, (d * (1.0 - ecc * math.cos(e)), -d, -d * s)


def determinant(a, b, c, d, e, f, g, h, i):
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def determinant_by_hand(a, b, c, d, e, f, g, h, i):
    p = e * i - f * h
    q = d * i - f * g
    r = d * h - e * g
    return a * p - b * q + c * r, (
        p,
        -q,
        r,
        c * h - b * i,
        a * i - c * g,
        b * g - a * h,
        b * f - c * e,
        c * d - a * f,
        a * e - b * d,
    )


FORMULAS = {
    "horner": (0.7,),
    "rosenbrock": (0.6, 1.7),
    "gaussian": (0.3, -0.4, 1.3),
    "logistic_loss": (0.4, -0.2, 1.5, 1.0),
    "softplus": (0.3, 2.0),
    "norm": (1.0, -2.0, 0.5),
    "rational": (0.4, 1.5, 2.0),
    "lennard_jones": (1.2, 0.8, 1.1),
    "black_scholes": (105.0, 100.0, 0.5, 0.03, 0.2),
    "tanh_unit": (0.5, -0.3, 0.1, 1.2, 0.7),
    "log_sum_exp": (0.1, 0.5, -0.4),
    "quotient": (1.3, 0.7),
    "triple_product": (1.3, 0.7, -2.0),
    "pendulum_energy": (0.4, 1.1, 2.0, 0.8, 9.81),
    "von_mises": (1.0, -0.5, 2.0),
    "kepler": (1.1, 0.7, 0.3),
    "determinant": (2.0, 0.3, -1.0, 0.5, 1.5, 0.2, -0.7, 0.4, 3.0),
}
"""The inputs at which the values are compared."""
