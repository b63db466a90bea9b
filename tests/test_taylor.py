"""Taylor mode: `tl.taylor` against exact derivatives, known series, and the operations of jets written by hand."""

import math
import re
from fractions import Fraction

import oracles
import pytest
import tapeless as tl
from duals import TooMuchWork, notes
from oracles import close
from programs import PROGRAMS

ORDER = 5
WORK = 200_000  # operations of the oracle for one derivative
OF_A_FLOAT = [
    (p, n)
    for p in PROGRAMS
    if p.trial.refused is None and not p.trial.raises
    for n in p.trial.grad
    if isinstance(p.trial.args[n], float)
]


# ---------------------------------------------------------------- exact derivatives of whole programs
@pytest.mark.parametrize("p, n", OF_A_FLOAT, ids=lambda v: str(v))
def test_series_of_the_corpus_are_exact(p, n, capfd):
    with capfd.disabled():
        got = tl.taylor(p.function, ORDER, n)(*p.trial.args)
        for k in range(1, ORDER + 1):
            notes.reset(WORK)
            try:
                want = oracles.derivative(p.twin, p.trial.args, n, k)
            except TooMuchWork:
                break
            finally:
                notes.reset()
            tolerance = 1e-9 * 10**k
            assert close(got[k], want, tolerance, tolerance * (1e-3 + abs(want))), (k, got, want)


def test_values_are_those_of_the_program():
    def f(x):
        return math.sin(x) * x**3 / (1.0 + x)

    assert all(tl.taylor(f, order)(0.7)[0] == f(0.7) for order in range(4))


# ---------------------------------------------------------------- known series, at 0
def _product_rule(*series):
    out = [Fraction(1)] + [Fraction(0)] * 12
    for s in series:
        out = [sum(out[j] * s[k - j] for j in range(k + 1)) for k in range(13)]
    return out


EXP = [Fraction(1, math.factorial(k)) for k in range(13)]
SIN = [Fraction((0, 1, 0, -1)[k % 4], math.factorial(k)) for k in range(13)]
COS = [Fraction((1, 0, -1, 0)[k % 4], math.factorial(k)) for k in range(13)]
GEOMETRIC = [Fraction(1)] * 13
LOG1P = [Fraction(0)] + [Fraction((-1) ** (k + 1), k) for k in range(1, 13)]
ATAN = [Fraction((0, 1, 0, -1)[k % 4], max(k, 1)) for k in range(13)]
TAN = [0, 1, 0, Fraction(1, 3), 0, Fraction(2, 15), 0, Fraction(17, 315), 0, Fraction(62, 2835), 0]
TAN += [Fraction(1382, 155925), 0]
TANH = [c * (1, 1, 1, -1)[k % 4] for k, c in enumerate(TAN)]
ROOT = [math.prod((Fraction(1, 2) - j for j in range(k)), start=Fraction(1)) / math.factorial(k) for k in range(13)]
ASIN = [
    Fraction(math.comb(k - 1, k // 2), 2 ** (k - 1) * k) if k % 2 else Fraction(0) for k in range(13)
]  # the integral of (1 - x^2)^(-1/2)
CUBE = [Fraction(math.comb(3, k)) for k in range(13)]


def geometric_sum(x):
    total, power = 0.0, 1.0
    for _ in range(20):
        total, power = total + power, power * x
    return total


def by_horner(x, k=12):
    total = 1.0
    while k > 0:
        total = 1.0 + x * total / k
        k -= 1
    return total


def by_recursion(x, k=1):
    return 1.0 if k > 12 else 1.0 + x * by_recursion(x, k + 1) / k


SERIES = {
    "exp": (lambda x: math.exp(x), EXP),
    "sin": (lambda x: math.sin(x), SIN),
    "cos": (lambda x: math.cos(x), COS),
    "reciprocal": (lambda x: 1.0 / (1.0 - x), GEOMETRIC),
    "log1p": (lambda x: math.log1p(x), LOG1P),
    "log": (lambda x: math.log(1.0 + x), LOG1P),
    "atan": (lambda x: math.atan(x), ATAN),
    "tan": (lambda x: math.tan(x), TAN),
    "tanh": (lambda x: math.tanh(x), TANH),
    "sinh": (lambda x: math.sinh(x), [abs(c) for c in SIN]),
    "cosh": (lambda x: math.cosh(x), [abs(c) for c in COS]),
    "sqrt": (lambda x: math.sqrt(1.0 + x), ROOT),
    "asin": (lambda x: math.asin(x), ASIN),
    "power": (lambda x: (1.0 + x) ** 0.5, ROOT),
    "cube": (lambda x: (1.0 + x) ** 3, CUBE),
    "exponential": (lambda x: math.e**x, EXP),
    "product": (lambda x: math.exp(x) * math.sin(x) / (1.0 - x), _product_rule(EXP, SIN, GEOMETRIC)),
    "square": (lambda x: math.exp(x) ** 2 - math.exp(x) * math.exp(x) + math.cos(x), COS),
    "chain": (lambda x: math.exp(math.log1p(x) / 2.0), ROOT),
    "loop": (geometric_sum, GEOMETRIC),
    "while": (lambda x: by_horner(x), EXP),
    "recursion": (lambda x: by_recursion(x), EXP),
}


@pytest.mark.parametrize("name", SERIES)
def test_known_series(name):
    f, coefficients = SERIES[name]
    got = tl.taylor(f, 12)(0.0)
    assert [d / math.factorial(k) for k, d in enumerate(got)] == pytest.approx(
        [float(c) for c in coefficients], rel=1e-13, abs=1e-14
    )


def test_a_high_order():
    got = tl.taylor(lambda x: math.exp(x) / (1.0 - x), 40)(0.0)
    total = Fraction(0)
    for k, d in enumerate(got):
        total += Fraction(1, math.factorial(k))
        assert d / math.factorial(k) == pytest.approx(float(total), rel=1e-12)


# ---------------------------------------------------------------- the edges: as nested forward mode has them
EDGES = {
    "sqrt of a fourth power": lambda x: math.sqrt(x * x * x * x),
    "sqrt of a square": lambda x: math.sqrt(x * x),
    "sqrt": lambda x: math.sqrt(x),
    "cbrt": lambda x: math.cbrt(x * x * x),
    "hypot": lambda x: math.hypot(x, 2.0 * x),
    "hypot and 0": lambda x: math.hypot(x * x, 0.0),
    "hypot of three": lambda x: math.hypot(x, x * x, 1e-30 * x),
    "dist": lambda x: math.dist((x, 1.0), (x * x, 2.0 * x)),
    "atan2": lambda x: math.atan2(x, x * x) + math.atan2(x, 1.0),
    "powers": lambda x: x**3 + x**2 + x**1 + x**0,
    "half powers": lambda x: x**2.5 + x**0.5,
    "exponents": lambda x: 2.0**x + (x + 1.0) ** x,
    "power of itself": lambda x: x ** (x + 2.0),
    "abs": lambda x: abs(x) * x,
    "asin": lambda x: math.asin(1.0 - x * x),
    "acos": lambda x: math.acos(x - 1.0),
    "acosh": lambda x: math.acosh(1.0 + x * x),
    "extrema": lambda x: max(x, x * x) + min(x, 0.3) * x,
    "remainders": lambda x: (x + 0.3) % 0.7 * x + math.fmod(x + 5.0, 0.7 + x) + math.remainder(x + 5.0, 0.7 + x),
    "rounding": lambda x: x // 0.3 * x + math.floor(x) + math.ceil(x) * x + round(x) + int(x) * x,
    "signs": lambda x: math.copysign(x, -1.0) * x,
    "floats": lambda x: math.ldexp(x * x, 3) + math.modf(x * x + 1.3)[0] + math.frexp(x * x + 1.3)[0] * x,
    "gammas": lambda x: math.gamma(x + 0.5) + math.lgamma(x + 0.3),
    "errors": lambda x: math.erf(x) * math.erfc(x),
    "logarithms": lambda x: math.log(x + 1.0) * math.log2(x + 2.0) * math.log10(x + 3.0),
    "exponentials": lambda x: math.exp(x) * math.expm1(x) * math.exp2(x),
    "inverse functions": lambda x: math.acos(x / 3.0) + math.asinh(x) + math.acosh(x + 1.5) + math.atanh(x / 2.0),
    "quotients": lambda x: (x + 1.0) / (x * x + 2.0) / (x + 3.0),
}


def _nested(f, order):
    if order == 0:
        return lambda x: f(x)
    g = _nested(f, order - 1)
    return lambda x: tl.jvp(g, (x,), (1.0,))[1]


@pytest.mark.parametrize("name", EDGES)
def test_edges_are_those_of_forward_mode(name):
    f = EDGES[name]
    for x in (0.0, 0.6, 1.0):
        got = tl.taylor(f, 4)(x)
        for k in range(1, 5):
            want = tl.jit(_nested(f, k))(x)
            assert close(got[k], want, 1e-11 * 10**k, 1e-14 * 10**k), (x, k, got, want)


# ---------------------------------------------------------------- with the other transforms
def wave(x, y):
    return math.sin(x * y) * x


def test_it_composes_with_grad():
    twin = oracles.load("import math\ndef wave(x, y):\n    return math.sin(x * y) * x\n", "<wave>", "wave_twin").wave
    got = tl.taylor(tl.grad(wave, 1), 3)(0.7, 1.1)
    for k in range(4):
        mixed = oracles.derivative(lambda x, y: oracles.grad(twin, 1)(x, y), (0.7, 1.1), 0, k)
        assert got[k] == pytest.approx(mixed, rel=1e-12)

    def third(x, y):
        return tl.taylor(wave, 3, argnums=1)(x, y)[3]

    assert tl.grad(third)(0.7, 1.1) == pytest.approx(tl.taylor(tl.grad(wave), 3, argnums=1)(0.7, 1.1)[3], rel=1e-12)


def test_a_series_used_in_compiled_code():
    series = tl.taylor(wave, 2)

    @tl.jit
    def curvature(x):
        return series(x, 2.0)[2]

    assert curvature(0.7) == tl.taylor(wave, 2)(0.7, 2.0)[2]


def test_results_that_are_no_float():
    assert tl.taylor(lambda x: 3, 2)(1.0) == (3.0, 0.0, 0.0)
    assert tl.taylor(lambda x: (x * x, 3, (x,)), 2)(4.0) == (
        (16.0, 3, (4.0,)),
        (8.0, None, (1.0,)),
        (2.0, None, (0.0,)),
    )


def test_order_zero_is_the_value():
    assert tl.taylor(wave, 0)(0.7, 2.0) == (wave(0.7, 2.0),)


@pytest.mark.parametrize("order", [-1, 171, 2.0, True, "2", None])
def test_orders_that_are_none(order):
    with pytest.raises(tl.UsageError, match="order must be an int from 0 to 170"):
        tl.taylor(wave, order)


@pytest.mark.parametrize("argnums", [(0,), "x", 1.0, True])
def test_it_is_by_one_argument(argnums):
    with pytest.raises(tl.UsageError, match="argnums must be an int"):
        tl.taylor(wave, 2, argnums)


# ---------------------------------------------------------------- work
def _arithmetic(text):
    """The applications of float primitives in a graph's text."""
    return len(re.findall(r"= (?:f|g)(?:add|sub|mul|mul_guarded|div|div_guarded|neg|pow)\(|= (?:sin|cos|tanh)\(", text))


def loopy(x, m):
    s = x
    p = 1.0
    for _ in range(m):
        p = p * x
        s = math.tanh(math.sin(s) * p + 0.5 * s)
    return s


def _by_hand(n):
    """The operations of one iteration of `loopy` on series of order n, written by hand with every product shared.

    A sum of k products is 2k - 1 operations. p*x, sin and cos together, sin*p + s/2, tanh with 1 - tanh^2.
    """
    sums = sum(2 * k - 1 for k in range(1, n + 1))
    line = 2 * n + 1
    sine = 2 + 2 * (sums + n) + n + (n - 1)  # two sums and divisions, one sign, j * s_j
    product = sum(2 * (k + 1) - 1 for k in range(n + 1)) + 2 * (n + 1)
    tanh = 1 + 2 + (sums + n) + (n - 1) + sum(2 * (k + 1) for k in range(1, n + 1))
    return line + sine + product + tanh


@pytest.mark.parametrize("order", [3, 6, 9])
def test_a_loop_on_series_does_the_work_of_a_hand_written_one(order):
    f = tl.taylor(loopy, order)
    f(0.9, 10)
    body = f.ir("lower").split("branch @step", 1)[1].split("branch @exit", 1)[0]
    assert _arithmetic(body) <= 1.3 * _by_hand(order)


def test_the_work_grows_with_the_square_of_the_order():
    counts = {}
    for order in (4, 8, 16):
        f = tl.taylor(lambda x: math.exp(math.sin(x) / (1.0 + x * x)), order)
        f(0.5)
        counts[order] = _arithmetic(f.ir("lower"))
    assert counts[16] < 4.5 * counts[8] < 4.5 * 4.5 * counts[4]


def recursive(x, m):
    if m == 0:
        return x
    return math.tanh(math.sin(recursive(x, m - 1)) * x**m)


def test_zeros_stay_symbolic_through_a_recursion():
    f = tl.taylor(recursive, 4)
    f(0.9, 3)
    parameters = re.findall(r"graph @`?▷4\S+\(([^)]*)\)", f.ir("lower"))
    assert parameters == ["%x: float, %m: int"]  # x is x0 + t at each depth: its coefficients are known


def test_a_recursion_that_bends_its_argument_has_two_versions():
    def bending(x, m):
        return x if m == 0 else math.sin(bending(x * x, m - 1)) * math.cos(bending(x * 0.5, m - 1))

    f = tl.taylor(bending, 5)
    f(0.9, 3)
    assert len(re.findall(r"^graph ", f.ir("lower"), re.M)) == 2  # for x0 + t, which is inlined, and for any series
