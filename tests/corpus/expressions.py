"""Operators, numbers, `math`, builtins and tuples, without control flow to speak of."""

import math
from functools import partial, reduce

from corpus.registry import error, program, values

INF, NAN = float("inf"), float("nan")
SCALE = 2.5
TABLE = (0.5, (1.5, 2), "mode")


@program((3.0,), (-0.25,), order=4)
def polynomial_with_mixed_constants(x):
    return 4 * x**3 - SCALE * x**2 + x / 3 - 7 + True


@program((0.7,), (1.3,), order=3)
def trigonometric(x):
    return math.sin(x) * math.cos(2 * x) + math.tan(x / 2) - math.asin(x / 3) * math.acos(x / 4) + math.atan(x)


@program((0.7,), (1.9,), order=3)
def hyperbolic(x):
    return math.sinh(x) / math.cosh(x) - math.tanh(x * x) + math.asinh(x) * math.acosh(1.0 + x) + math.atanh(x / 4)


@program((0.8,), (2.5,), order=3)
def exponential(x):
    return math.exp(-x) + math.expm1(x) * math.log1p(x) + math.log2(x) - math.log10(x + 1) + math.log(x, 3.0)


@program((0.8,), (2.5,), order=3)
def roots(x):
    return math.sqrt(x) + math.cbrt(x) * math.sqrt(x + 1.0) - math.pow(x, 1.5) + math.exp2(x)


@program((0.4,), (1.6,), order=2, inexact=True)
def special_functions(x):
    return math.erf(x) * math.erfc(x / 2) + math.lgamma(x + 2.0) - math.gamma(x + 1.0)


@program((0.4, -1.2), (-2.0, 0.5), grad=(0, 1), order=3)
def angle(y, x):
    return math.atan2(y, x) + math.degrees(y) / 90 + math.radians(x)


@program((0.6, 1.7), (-3.0, 4.0), grad=(0, 1), order=2, inexact=True)
def distances(x, y):
    return math.hypot(x, y) + math.hypot(x, y, 2.0) + math.dist((x, y), (1.0, -1.0))


@program((0.3, 2.0), (1.7, -0.5), grad=(0, 1), order=3)
def powers_both_ways(x, y):
    return x**y + 2.0**x + x**-2 + x**0 + 1.5**-y


@values((0.0, 0.0), (2.0, -1.5), (-8.0, 3.0), (0.5, INF), (NAN, 0.0), (1.0, NAN), (-0.0, 3.0), (INF, -1.0))
def float_power(x, y):
    return x**y, pow(x, y), math.pow(x, y)


@values((2, 5), (0, 0), (-3, 3), (7, 1), (-1, 62))
def int_power(a, b):
    return a**b, pow(a, b), (a & 3) ** (b & 1)


@values((-7, 2), (7, -2), (-7, -2), (6, 3), (0, 5), (-(2**40), 3))
def integer_division(a, b):
    return a // b, a % b, divmod(a, b), -a // b, -(a // b), a / b, (a // b) * b + a % b == a


@values((-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (6.0, 3.0), (0.0, -5.0), (-0.0, 5.0), (1e18, 3.0), (5.0, INF))
def float_division(a, b):
    return a // b, a % b, divmod(a, b), math.fmod(a, b), math.remainder(a, b), a / b, -a % b


@program((7.3, 2.1), (-7.3, 2.1), grad=(0, 1), order=2)
def derivative_of_remainders(a, b):
    return a % b + math.fmod(a, b) * 2 + math.remainder(a, b) * a + a // b


@values((12, 10), (-1, 7), (0, -1), (2**40, 3))
def bit_operations(a, b):
    return a & b, a | b, a ^ b, ~a, a << 2, a >> 3, -a >> 1, (a & 1) == 1, True & False, True ^ True, b & True


@values((1, 3), (5, 0), (-9, 2))
def shifts(a, n):
    return a << n, a >> n, 1 << n << 1


@error((1, -1), raises=ValueError, grad=())
def negative_shift(a, n):
    return a << n


@values((2**53 + 1, 2.0**53), (2**62, 2.0**62), (-3, -3.0), (1, NAN), (2**63 - 1, 2.0**63), (0, -0.0), (5, INF))
def exact_comparison(i, x):
    return i == x, i != x, i < x, i <= x, i > x, i >= x, x < i, x == i


@values((NAN, 1.0), (1.0, NAN), (0.0, -0.0), (-0.0, 0.0), (2.0, 1.0), (INF, INF))
def order_of_floats(x, y):
    return max(x, y), min(x, y), x < y, x <= y, x == y, x != y, 2 if x < y else 3, not x < y, abs(x)


@values((0.0,), (-0.0,), (1.0,))
def signed_zeros(x):
    return -x, x - x, 0.0 * -1.0, math.copysign(1.0, -x), math.atan2(-x, -1.0), x + 0.0, x + -0.0, -x * x, abs(-x)


@values((2.5,), (-1.5,), (3.7,), (-0.5,), (0.49999999999999994,), (1e15,))
def rounding(x):
    return round(x), int(x), math.floor(x), math.ceil(x), math.trunc(x), round(-x), float(int(x)), bool(x)


@error((NAN,), raises=ValueError, grad=())
@error((INF,), raises=OverflowError, grad=())
def no_integer(x):
    return int(x)


@values((1e300,), (-(2.0**63) * 1.5,), raises=OverflowError, differs=True)
def integer_too_large(x):
    return int(x)


@values((3.0, 5), (-2.0, 0), (0.0, 7))
def boolean_arithmetic(x, n):
    return True + n, (x > 0) * 3, x * (n > 2), -True, (x > 0) + (n > 0), +False, n // True, abs(True), int(x > 0)


@values((0.0, 3.0, 0), (2.0, 0.0, 5), (0.0, 0.0, 1))
def values_of_and_or(x, y, n):
    return x or y, x and y, not x, not n, (x or 5.0) + 1, bool(y), n or 7, n and 9, (x or y or 1.0) * 2


@values((1.0, 2.0, 3.0), (2.0, 2.0, 1.0), (3.0, 2.0, 2.5))
def chained_comparison(a, b, c):
    return a < b < c, a <= b >= c, a == b != c, not a < b < c, 1 < 2 < 3 < a, (a < b) == (b < c)


@program((0.5,), (-0.5,), order=2)
def each_operand_once(x):
    def next_(z):
        return z * 2 + x

    return 1.0 * (0 < next_(x) < 10) + next_(next_(x)) * (next_(x) > next_(-x))


@program((1.2, 3), (-0.4, 2), grad=(0,), order=2)
def conversions(x, n):
    return float(n) * x + int(x * 3) + float(True) + n * 1.0 + int(True) * x + float("0.5") * x


@values((3, 2.5), (-3, -2.5), (0, 0.0))
def absolute(n, x):
    return abs(n), abs(x), math.fabs(n), math.fabs(x), abs(n - 5), -abs(x)


@values((12, 18), (0, 5), (-4, 6), (7, 7))
def number_theory(a, b):
    return math.gcd(a, b), math.lcm(a, b), math.isqrt(abs(a)), math.comb(9, 4), math.perm(5, 2), math.factorial(6)


@values((3.75,), (-0.1,), (0.0,), (1e-310,))
def float_parts(x):
    return math.frexp(x), math.modf(x), math.ldexp(x, 3), math.copysign(2.0, x), math.isfinite(x)


@values((1.0, 1.0 + 1e-12), (1.0, 1.1), (NAN, NAN), (INF, INF), (0.0, 1e-12))
def float_tests(x, y):
    return math.isclose(x, y), math.isnan(x), math.isinf(y), math.isclose(x, y, abs_tol=1e-9)


@program((0.9, 1.4), grad=(0, 1), order=2)
def constants_of_math(x, y):
    return math.pi * x + math.e * y - math.tau * x * y


@program((2.0, 3.0), (3.0, 2.0), grad=(0, 1), order=2)
def extremes(x, y):
    return max(x, y) * min(x * x, y) + abs(x - y) + max(x, y, 2.5) - min((x, y, 7.0)) + max(1, x)


@values((2, 3.5), (4, 3.5), joined=True)
def extremes_of_int_and_float(n, x):
    return max(n, x), min(n, x)


@program((1.5, -0.5), grad=(0, 1), order=3)
def sums(x, y):
    return sum((x, y, x * y)) + sum((x, y), 1.0) - sum(()) + math.prod((x, y, 2.0))


@values((3, 0.5), (0, -0.5))
def any_and_all(n, x):
    return any((n, x > 0)), all((n > 0, x > 0)), any(()), all(()), any(k > 2 for k in (1, n)), all((x, n))


@program((1.0, 2.0, 3.0), grad=(0, 1, 2), order=2)
def tuple_packing(a, b, c):
    def stats(t):
        u, (v, w) = t
        return u + v * w, u * v - w

    p, q = stats((a, (b, c)))
    pair = (p, q, p * q)
    return pair[0] * pair[-1] + sum((p, q))


@values((1.5, 2), (0.0, 0))
def tuple_slices(x, n):
    t = (x, n, x * 2, n + 1, True)
    return t[1:3], t[:-2], t[::2], t[::-1], len(t), t[-1], t[3:1], (t[0],) + t[1:2], t[:2] * 2, (1, 2) + ()


@values((1.5, 2), (1.5, 3), (0.5, 2))
def tuple_comparison(x, n):
    a, b = (x, n), (1.5, 2)
    return a == b, a != b, a < b, a <= b, a > b, a >= b, (x,) < (x, n), a > (), (a, 1) == (b, 1)


@program((0.7,), order=2)
def tuple_comprehensions(x):
    t = tuple(x * k for k in range(4))
    u = tuple(a * b for a, b in zip(t, t[1:]))
    v = tuple(z for z in (x, 2.0, x * x))
    return sum(u) + len(t) + sum(k * z for k, z in enumerate(v)) + max(z + 1 for z in v)


@program((0.7, 2.0), grad=(0, 1), order=2)
def nested_comprehension(x, y):
    rows = tuple(tuple(x * i + y * j for j in range(2)) for i in range(3))
    return sum(sum(row) * row[0] for row in rows)


@program((0.6,), order=2)
def multiple_targets(x):
    a = b = x * 2
    a, b = b + 1, a * b
    (c, d), e = (a, b), x
    a += c
    b -= d / 2
    c *= e
    d /= 1.0 + a * a
    e **= 2
    return a + b + c + d + e


@program((17, 0.5), grad=(1,), order=1)
def augmented_integers(n, x):
    n += 3
    n -= 1
    n *= 5
    n //= 2
    n %= 29
    n <<= 2
    n >>= 1
    n |= 64
    n &= 127
    n ^= 5
    n **= 2
    return n * x


@program((0.6,), order=2)
def annotated(x: float) -> float:
    y: float = x * 2
    z: unknown
    z = y + 1
    return y * z


@program((0.6,), (1.6,), order=2)
def conditional_expressions(x):
    y = x if x > 1 else -x if x < 0 else x * x
    return (y if y else 1.0) * (2 if x > 1 else 3)


@program((0.4, 1.1), grad=(0, 1), order=2)
def walrus_free_lambdas(x, y):
    return (lambda a, b=y: a * b)(x) + (lambda: x * y)() + (lambda *t: t[0] * t[-1])(x, 1.0, y)


@program((1.4,), order=2)
def keywords_and_defaults(x):
    def f(a, b=2.0, *, c=0.5):
        return a * b + c * a * a

    return f(x) + f(x, c=x) + f(b=x, a=1.0) + f(x, x, c=-1.0)


@program((1.4,), order=2)
def variadic(x):
    def f(a, *rest, k=1.0):
        total = a
        for i, r in enumerate(rest):
            total += r * (i + 1)
        return total * k + len(rest)

    return f(x) + f(x, x * x) + f(1.0, x, 2.0, x, k=x) + f(*(x, 3.0))


@program((0.7, 1.5), grad=(0, 1), order=2)
def partials_of_functions(x, y):
    def f(a, b, c=1.0):
        return a * b - c

    g = partial(f, x)
    h = partial(f, b=y, c=2.0)
    return g(y) + h(x) + partial(g, y)(c=x) + partial(math.pow, 2.0)(x)


@program((0.7,), order=3)
def reductions(x):
    total = reduce(lambda a, b: a * x + b, (1.0, 2.0, x), 0.5)
    return total + reduce(lambda a, b: math.sin(a) + b, (x, x * x, 3.0))


@program((0.5,), order=2)
def constant_tables(x):
    a, (b, c), mode = TABLE
    return x * a + b * c * x * x if mode == "mode" else -x


@program((0.5, "sin"), (0.5, "double"), order=2)
def string_dispatch(x, how):
    if how == "sin":
        return math.sin(x)
    return x * 2 if how != "half" else x / 2


@values((None, 1.0), (2.0, None))
def none_arguments(a, b):
    return 1.0 if a is None else a * 2, b is not None, None, (None, 1)


@program((1.5, 3), (0.5, -2), order=1)
def type_tests(x, n):
    def norm(v):
        if isinstance(v, tuple):
            return sum(abs(u) for u in v)
        if isinstance(v, bool):
            return 1.0
        return abs(v)

    return norm(x) + norm((x, -x)) + norm(n > 0) + isinstance(n, int) + isinstance(x, (int, float)) * x


@program((0.5,), order=3)
def quiet_statements(x):
    """A docstring, `pass` and expressions without effect change nothing."""
    pass
    x * 2
    ...
    "text"
    return x * x


@program((1.2, 0.7), grad=(0, 1), order=4)
def shared_subexpressions(x, y):
    a = x * y
    b = a * a + a
    c = b * b + a * b
    return c * c + b + a


@values((3, 4.0))
def results_of_every_kind(n, x):
    return n, x, n > x, None, (n, (x, ())), "text", ((True,), -0.0)


@program(((1.0, 2.0), 0.5), grad=(0, 1), order=1)
def differentiates_a_tuple(p, s):
    a, b = p
    return a * a * b + s * b


@program((((0.5, 3), (1.0, (2.0,))),), grad=(0,), order=1)
def differentiates_a_nested_tuple(t):
    (a, n), (b, (c,)) = t
    return a * n + b * c * c


@values((2.0, 3), joined=False)
def integers_stay_integers(x, n):
    a = 0
    for i in range(n):
        a += i
    return a, a // 2, -a, a * 1.0, n


@values((9007199254740993, 1), (-9007199254740993, 3))
def large_integers(a, b):
    return a + b, a - b, a * b, a // 2, a % 1000, a / 2, float(a), a == a + 0.0


@values((2**62, 2), (-(2**63), -1), raises=OverflowError, differs=True)
def product_too_large(a, b):
    return a * b


@values((2**63 - 1, 1), raises=OverflowError, differs=True)
def sum_too_large(a, b):
    return a + b


@values((-(2**63),), raises=OverflowError, differs=True)
def negation_too_large(a):
    return -a


@values((10, 40), raises=OverflowError, differs=True)
def power_too_large(a, b):
    return a**b


@error((1e200, 2.0), raises=OverflowError, grad=(0,))
def float_power_too_large(x, y):
    return (x * 1e10) ** y


@values((1e300,))
def float_overflow_is_infinite(x):
    return x * 1e300, -x * x, x * x - x * x


@program((0.7,), order=2)
def starred_items(x):
    t = (x, x * x)
    u = (*t, 1.0, *range(3), *t)
    return sum(u) * len(u) + u[2] * u[-1]


@values((2.675,), (-0.5,), (1.05e-7,), (1e300,), (INF,))
def rounded_to_digits(x):
    return round(x, 2), round(x, 0), round(x, 9), round(-x, 1)
