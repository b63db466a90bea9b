"""Recursion of every kind."""

import math

from corpus.registry import program, values


@program((1.5, 10), (1.5, 0), (0.0, 3), order=3)
def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


@program((0.9, 9), (0.9, 1), order=2)
def fibonacci_shaped(x, n):
    if n < 2:
        return math.sin(x) + n
    return fibonacci_shaped(x, n - 1) * math.cos(x) + 0.3 * fibonacci_shaped(x, n - 2)


def even_step(x, n):
    return x if n == 0 else math.sin(odd_step(x, n - 1))


def odd_step(x, n):
    return x * x if n == 0 else 1.1 * even_step(x, n - 1)


@program((0.8, 7), (0.8, 8), order=3)
def mutual(x, n):
    return even_step(x, n)


@program((0.8, 6), (0.8, 5), order=2)
def nested_mutual(a, n):
    def even(k):
        return a if k == 0 else odd(k - 1) * 0.5

    def odd(k):
        return -a * a if k == 0 else even(k - 1) + a

    return even(n)


@program((0.7, 200), (0.7, 0), order=2)
def tail_recursion(x, n):
    def go(z, k):
        return z if k == 0 else go(0.9 * z + 0.1 * math.sin(z * x), k - 1)

    return go(x, n)


@program((0.7, 20), (0.7, 21), order=2)
def mutual_tail_recursion(x, n):
    def ping(z, k):
        if k <= 0:
            return z
        return pong(math.sin(z) + x, k - 1)

    def pong(z, k):
        if k <= 0:
            return -z
        return ping(z * 0.5, k - 2)

    return ping(x, n)


@program((2.0, 6), (2.0, 0), order=2)
def nested_call_of_itself(x, n):
    def go(m, k):
        if m == 0:
            return x + k
        if k == 0:
            return go(m - 1, 1)
        return go(m - 1, k - 1) * 0.5

    return go(2, n)


@program((0.3, 4), (0.3, 0), order=2)
def ackermann(x, n):
    def ack(m, k):
        if m == 0:
            return k + 1
        return ack(m - 1, 1) if k == 0 else ack(m - 1, ack(m, k - 1))

    return x * ack(2, n) + x * x


@program((0.5, 900), order=1)
def deep(x, n):
    return 0.0 if n == 0 else x * 1e-3 + 0.999 * deep(x, n - 1)


@values((95,), (150,))
def mccarthy(n):
    return n - 10 if n > 100 else mccarthy(mccarthy(n + 11))


@program((0.5, 4), order=2)
def recursion_in_a_loop_in_recursion(x, n):
    if n == 0:
        return x
    s = 0.0
    for i in range(n):
        s += recursion_in_a_loop_in_recursion(x * 0.5 + i, n - 1) * 0.3
    return math.tanh(s)


@program((0.4, 5), (0.4, 0), order=2)
def several_results(x, n):
    def go(k):
        if k == 0:
            return x, 1.0
        a, b = go(k - 1)
        return a * b + 0.1, math.sin(a)

    p, q = go(n)
    return p - q


@program((0.4, 5), (0.4, 0), order=2)
def accumulates_a_tuple(x, n):
    def go(k, acc):
        return acc if k == 0 else go(k - 1, (acc[1] * x, acc[0] + acc[1], acc[2] + 1))

    a, b, c = go(n, (x, 1.0, 0))
    return a + b * c


@program((1.5, 3), (1.5, 4), order=1)
def swaps_its_arguments(x, n):
    def f(a, b, k):
        return a if k == 0 else f(b, a + b, k - 1)

    return f(x, 2.0, n)


@values((1.5, 3), (1.5, 4), joined=True)
def swaps_arguments_of_two_types(x, n):
    def f(a, b, k):
        return a if k == 0 else f(b, a, k - 1)

    return f(x, 1, n)


@program((0.3, 1.9), grad=(0, 1), order=2)
def bisection_by_recursion(lo, hi):
    def go(a, b, k):
        m = (a + b) / 2
        if k == 0:
            return m
        return go(m, b, k - 1) if math.cos(m) > m else go(a, m, k - 1)

    return go(lo, hi, 12)


@program((0.5, 4.0), grad=(0, 1), order=2)
def adaptive_quadrature(a, b):
    def simpson(f, lo, hi):
        return (hi - lo) / 6 * (f(lo) + 4 * f((lo + hi) / 2) + f(hi))

    def integrate(f, lo, hi, tolerance, depth):
        mid = (lo + hi) / 2
        left, right = simpson(f, lo, mid), simpson(f, mid, hi)
        if depth == 0 or abs(left + right - simpson(f, lo, hi)) < tolerance:
            return left + right
        return integrate(f, lo, mid, tolerance / 2, depth - 1) + integrate(f, mid, hi, tolerance / 2, depth - 1)

    return integrate(lambda t: math.sin(t * t) * a, a, b, 1e-2, 6)


@program((0.6, 5), order=2)
def passes_a_function_down(x, n):
    def iterate(f, z, k):
        return z if k == 0 else iterate(f, f(z), k - 1)

    return iterate(lambda z: math.cos(x * z), x, n)


@program((0.6, 5), (0.6, 0), order=2)
def wraps_a_function_on_the_way_down(x, n):
    def make(k, g):
        return g if k == 0 else make(k - 1, lambda z: g(z) * 0.5 + k)

    return make(n, lambda z: z * x)(0.5)


@program((0.6, 4), (0.6, 0), order=2)
def wraps_a_function_on_the_way_up(x, n):
    def make(k):
        if k == 0:
            return lambda z: z
        g = make(k - 1)
        return lambda z: math.sin(g(z)) + k * x

    return make(n)(0.5)


@program((0.6, 5), (0.6, 4), order=2)
def mutual_wrapping(x, n):
    def p(k, f):
        return f if k == 0 else q(k - 1, lambda z: f(z) + x)

    def q(k, f):
        return f if k == 0 else p(k - 1, lambda z: f(z) * 0.7)

    return p(n, lambda z: z)(x)


@program((1.5, 5), (1.5, 0), order=2)
def continuation_passing(x, n):
    def fact(k, then):
        return then(1.0) if k == 0 else fact(k - 1, lambda v: then(v * k * 0.3))

    return fact(n, lambda v: v * x + v * v)


@program((0.7, 5), (0.7, 0), order=2)
def fixed_point_combinator(x, n):
    def fix(f):
        return (lambda g: f(lambda v: g(g)(v)))(lambda g: f(lambda v: g(g)(v)))

    return fix(lambda rec: lambda k: x if k == 0 else math.sin(rec(k - 1)) + 0.1 * k)(n)


@values((5,), (0,))
def self_application(n):
    def fact(self, k):
        return 1 if k == 0 else k * self(self, k - 1)

    return (lambda f: f(f, n))(fact)


@program((1.0,), (3.0,), order=1)
def applied_to_itself(a):
    s = lambda f: f(f) if a > 2.0 else a
    return (lambda f: f(lambda g: a))(lambda f: f(f)) + s(lambda g: 1.5)


@program((0.7, 4, True), (0.7, 4, False), order=2)
def recursion_under_a_flag(x, n, up):
    def step(z, k):
        if k == 0:
            return z
        r = step(z, k - 1)
        return r * 1.1 + x if up else math.sin(r)

    return step(x, n)


@program((0.8, 6), order=2)
def chebyshev(x, n):
    def t(k):
        return 1.0 if k == 0 else x if k == 1 else 2 * x * t(k - 1) - t(k - 2)

    return t(n)


@program((0.9, 12), (0.9, 13), order=2)
def power_by_squaring(x, n):
    def go(b, k):
        if k == 0:
            return 1.0
        h = go(b, k // 2)
        return h * h if k % 2 == 0 else h * h * b

    return go(x, n)


@program((0.5, 3, 2), order=1)
def several_recursive_calls(x, n, m):
    def paths(i, j):
        if i == 0 or j == 0:
            return x
        return paths(i - 1, j) + paths(i, j - 1) * x + paths(i - 1, j - 1)

    return paths(n, m)


@program((0.5, 6), order=2)
def recursion_with_early_loop_exit(x, n):
    def f(z, k):
        for i in range(k):
            if i * z > 1.0:
                return f(z * 0.5, k - 1)
            z += 0.2 * x
        return z

    return f(x, n)
