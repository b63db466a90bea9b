"""Exact derivatives of plain Python functions: CPython runs the program on nested dual numbers.

A `Dual` is `value + sum(tangents[i] * e_i)` with `e_i * e_j = 0`; its parts are floats or duals of lower levels. Every
derivative that is taken opens a level of its own, so derivatives nest to any order and inside one another without
perturbation confusion. Comparisons look at the innermost value only: control flow is that of the program.

Python's errors come from Python's own operations on the innermost values; derivatives are IEEE (`1/0` is inf). The
integer 0 is the symbolic zero: it is dropped from sums and absorbs products, so `inf` does not poison what does not
depend on it.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

_levels = itertools.count(1)


class TooMuchWork(BaseException):
    """The program takes more operations than it may."""


class Notes:
    """What a run met that matters for the comparison of derivatives."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, limit: float = math.inf) -> None:
        self.limit = limit
        self.tie = False  # a kink was hit exactly (abs(0), max of equals): the derivative is a convention
        self.near = False  # a comparison or rounding within rounding errors of the other outcome
        self.scale = 1.0  # the largest magnitude of any derivative on the way
        self.work = 0  # operations on duals

    def compared(self, a: float, b: float) -> None:
        if abs(a - b) <= 1e-7 * (1.0 + abs(a)):
            self.near = True


notes = Notes()


class Dual:
    """A float with derivatives. `level` tells the derivatives apart, higher levels are the inner ones."""

    __slots__ = ("level", "tangents", "value")

    def __init__(self, level: int, value: Any, tangents: tuple[Any, ...]) -> None:
        self.level, self.value, self.tangents = level, value, tangents
        notes.work += 1
        if notes.work > notes.limit:
            raise TooMuchWork

    def __add__(self, other):
        return add(self, operand(other))

    __radd__ = __add__

    def __sub__(self, other):
        return sub(self, operand(other))

    def __rsub__(self, other):
        return sub(operand(other), self)

    def __mul__(self, other):
        return mul(self, operand(other))

    __rmul__ = __mul__

    def __neg__(self):
        return mul(self, -1.0)

    def __pos__(self):
        return self

    def __truediv__(self, other):
        other = operand(other)
        _ = primal(self) / primal(other)
        return div(self, other)

    def __rtruediv__(self, other):
        return Dual.__truediv__(operand(other), self)

    def __floordiv__(self, other):
        return rounded(primal(self) // primal(operand(other)))

    def __rfloordiv__(self, other):
        return rounded(primal(operand(other)) // primal(self))

    def __mod__(self, other):
        other = operand(other)
        a, b = primal(self), primal(other)
        return with_primal(sub(self, mul(other, rounded(a // b))), a % b)

    def __rmod__(self, other):
        return Dual.__mod__(operand(other), self)

    def __divmod__(self, other):
        return Dual.__floordiv__(self, other), Dual.__mod__(self, other)

    def __rdivmod__(self, other):
        return Dual.__divmod__(operand(other), self)

    def __pow__(self, other):
        other = operand(other)
        result = primal(self) ** primal(other)
        if isinstance(result, complex):
            raise ValueError("a negative number to a fractional power")
        return power(self, other)

    def __rpow__(self, other):
        return Dual.__pow__(operand(other), self)

    def __abs__(self):
        x = primal(self)
        notes.tie |= x == 0.0
        notes.compared(x, 0.0)
        return mul(self, math.copysign(1.0, x))

    def __lt__(self, other):
        return compare(self, other, lambda a, b: a < b)

    def __le__(self, other):
        return compare(self, other, lambda a, b: a <= b)

    def __gt__(self, other):
        return compare(self, other, lambda a, b: a > b)

    def __ge__(self, other):
        return compare(self, other, lambda a, b: a >= b)

    def __eq__(self, other):
        return compare(self, other, lambda a, b: a == b)

    def __ne__(self, other):
        return compare(self, other, lambda a, b: a != b)

    def __hash__(self):
        return hash(primal(self))

    def __bool__(self):
        return primal(self) != 0.0

    def __int__(self):
        return int(near_integer(primal(self)))

    __trunc__ = __int__

    def __floor__(self):
        return math.floor(near_integer(primal(self)))

    def __ceil__(self):
        return math.ceil(near_integer(primal(self)))

    def __round__(self, digits=None):
        return round(primal(self), digits)

    def __repr__(self):
        return repr(primal(self))

    def __format__(self, spec):
        return format(primal(self), spec)

    def is_integer(self):
        return primal(self).is_integer()


# ---------------------------------------------------------------- parts


def primal(x: Any) -> Any:
    """The innermost value."""
    while isinstance(x, Dual):
        x = x.value
    return x


def operand(x: Any) -> Any:
    """x as a float or dual; TypeError for what is no number."""
    if isinstance(x, Dual | float):
        return x
    if isinstance(x, int):
        return float(x)
    raise TypeError(f"unsupported operand: {type(x).__name__}")


def compare(a: Dual, b: Any, outcome) -> Any:
    if not isinstance(b, Dual | float | int):
        return NotImplemented
    x, y = primal(a), primal(b)
    notes.compared(x, y)
    return outcome(x, y)


def near_integer(x: float) -> float:
    if math.isfinite(x):
        notes.compared(x, round(x))
    return x


def rounded(quotient: float) -> float:
    """The quotient of a floor division: piecewise constant, so without derivative."""
    return quotient


def with_primal(x: Any, value: float) -> Any:
    """x with the innermost value exchanged: the same number, rounded as CPython rounds it."""
    return Dual(x.level, with_primal(x.value, value), x.tangents) if isinstance(x, Dual) else value


def dual(level: int, value: Any, tangents: tuple[Any, ...]) -> Any:
    """The dual number, or the value alone where all tangents are the symbolic zero."""
    for t in tangents:
        if type(t) is not int:
            break
    else:
        return value
    for t in tangents:
        size = abs(primal(t))
        if size > notes.scale:
            notes.scale = size
    return Dual(level, value, tangents)


def level_of(x: Any) -> int:
    return x.level if isinstance(x, Dual) else 0


def split(x: Any, level: int, width: int) -> tuple[Any, tuple[Any, ...]]:
    """Value and tangents of x at a level."""
    return (x.value, x.tangents) if level_of(x) == level else (x, (0,) * width)


def chain(x: Dual, value: Any, slope: Any) -> Any:
    """A unary function at x: its value at `x.value`, its derivative there."""
    return dual(x.level, value, tuple(mul(slope, t) for t in x.tangents))


# ---------------------------------------------------------------- total arithmetic


def add(a: Any, b: Any) -> Any:
    if type(a) is int:
        return b
    if type(b) is int:
        return a
    level = max(level_of(a), level_of(b))
    if level == 0:
        return a + b
    if level_of(a) != level:
        return dual(level, add(a, b.value), b.tangents)
    if level_of(b) != level:
        return dual(level, add(a.value, b), a.tangents)
    return dual(level, add(a.value, b.value), tuple(map(add, a.tangents, b.tangents)))


def sub(a: Any, b: Any) -> Any:
    level = max(level_of(a), level_of(b))
    if level == 0 and type(a) is not int and type(b) is not int:
        return a - b  # not a + -b: the same but for the sign of a zero
    if type(a) is int:
        return mul(b, -1.0)
    if type(b) is int:
        return a
    width = len((a if level_of(a) == level else b).tangents)
    (a0, da), (b0, db) = split(a, level, width), split(b, level, width)
    return dual(level, sub(a0, b0), tuple(0 if type(p) is type(q) is int else sub(p, q) for p, q in zip(da, db)))


def mul(a: Any, b: Any) -> Any:
    if type(a) is int or type(b) is int:
        return 0
    level = max(level_of(a), level_of(b))
    if level == 0:
        return a * b
    if level_of(a) != level:
        return dual(level, mul(a, b.value), tuple(mul(a, t) for t in b.tangents))
    if level_of(b) != level:
        return dual(level, mul(a.value, b), tuple(mul(t, b) for t in a.tangents))
    tangents = tuple(add(mul(s, b.value), mul(a.value, t)) for s, t in zip(a.tangents, b.tangents))
    return dual(level, mul(a.value, b.value), tangents)


def div(a: Any, b: Any) -> Any:
    """IEEE division, also of duals."""
    if type(a) is int:
        return 0
    level = max(level_of(a), level_of(b))
    if level == 0:
        if b != 0.0:
            return a / b
        return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
    if level_of(b) != level:
        return dual(level, div(a.value, b), tuple(div(t, b) for t in a.tangents))
    a0, da = split(a, level, len(b.tangents))
    out = div(a0, b.value)
    slope = div(mul(out, -1.0), b.value)
    return dual(level, out, tuple(add(div(s, b.value), mul(slope, t)) for s, t in zip(da, b.tangents)))


def power(a: Any, b: Any) -> Any:
    """a ** b; a constant exponent does not need the logarithm of the base."""
    level = max(level_of(a), level_of(b))
    if level == 0:
        return total(math.pow, a, b)
    width = len((a if level_of(a) == level else b).tangents)
    (a0, da), (b0, db) = split(a, level, width), split(b, level, width)
    out = power(a0, b0)
    by_base: Any = 0
    if any(type(t) is not int for t in da) and not (level_of(b0) == 0 and b0 == 0.0):
        by_base = mul(b0, power(a0, sub(b0, 1.0)))
    by_exponent: Any = 0
    if any(type(t) is not int for t in db):
        by_exponent = mul(out, unary("log", a0))
    return dual(level, out, tuple(add(mul(by_base, s), mul(by_exponent, t)) for s, t in zip(da, db)))


def total(f, *args: float) -> float:
    """f by IEEE rules: nan or inf where Python raises."""
    try:
        return f(*args)
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        if f is math.log and args[0] == 0.0:
            return -math.inf
        return math.inf if f is math.pow and args[0] == 0.0 else math.nan


# ---------------------------------------------------------------- elementary functions


def digamma(x: Any) -> Any:
    """The logarithmic derivative of gamma, by recurrence and its asymptotic series."""
    out: Any = 0.0
    while primal(x) < 12.0:
        out, x = sub(out, div(1.0, x)), add(x, 1.0)
    r = div(1.0, x)
    r2 = mul(r, r)
    series: Any = 0.0
    for c in (1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12):
        series = mul(r2, add(c, series))
    return sub(sub(add(out, unary("log", x)), mul(r, 0.5)), series)


def _one_minus_square(x: Any) -> Any:
    return sub(1.0, mul(x, x))


SLOPES: dict[str, Any] = {  # derivative from argument and value
    "sin": lambda x, y: unary("cos", x),
    "cos": lambda x, y: mul(unary("sin", x), -1.0),
    "tan": lambda x, y: add(1.0, mul(y, y)),
    "asin": lambda x, y: div(1.0, unary("sqrt", _one_minus_square(x))),
    "acos": lambda x, y: div(-1.0, unary("sqrt", _one_minus_square(x))),
    "atan": lambda x, y: div(1.0, add(1.0, mul(x, x))),
    "sinh": lambda x, y: unary("cosh", x),
    "cosh": lambda x, y: unary("sinh", x),
    "tanh": lambda x, y: _one_minus_square(y),
    "asinh": lambda x, y: div(1.0, unary("sqrt", add(1.0, mul(x, x)))),
    "acosh": lambda x, y: div(1.0, unary("sqrt", sub(mul(x, x), 1.0))),
    "atanh": lambda x, y: div(1.0, _one_minus_square(x)),
    "exp": lambda x, y: y,
    "exp2": lambda x, y: mul(y, math.log(2.0)),
    "expm1": lambda x, y: unary("exp", x),
    "log": lambda x, y: div(1.0, x),
    "log2": lambda x, y: div(1.0 / math.log(2.0), x),
    "log10": lambda x, y: div(1.0 / math.log(10.0), x),
    "log1p": lambda x, y: div(1.0, add(1.0, x)),
    "sqrt": lambda x, y: div(0.5, y),
    "cbrt": lambda x, y: div(1.0 / 3.0, mul(y, y)),
    "erf": lambda x, y: mul(2.0 / math.sqrt(math.pi), unary("exp", mul(mul(x, x), -1.0))),
    "erfc": lambda x, y: mul(-2.0 / math.sqrt(math.pi), unary("exp", mul(mul(x, x), -1.0))),
    "gamma": lambda x, y: mul(y, digamma(x)),
    "lgamma": lambda x, y: digamma(x),
    "degrees": lambda x, y: 180.0 / math.pi,
    "radians": lambda x, y: math.pi / 180.0,
}


def unary(name: str, x: Any) -> Any:
    """The elementary function at x, by IEEE rules."""
    if not isinstance(x, Dual):
        return total(getattr(math, name), x)
    value = unary(name, x.value)
    return chain(x, value, SLOPES[name](x.value, value))


def atan2(y: Any, x: Any) -> Any:
    level = max(level_of(y), level_of(x))
    if level == 0:
        return math.atan2(y, x)
    width = len((y if level_of(y) == level else x).tangents)
    (y0, dy), (x0, dx) = split(y, level, width), split(x, level, width)
    square = add(mul(x0, x0), mul(y0, y0))
    by_y, by_x = div(x0, square), div(mul(y0, -1.0), square)
    return dual(level, atan2(y0, x0), tuple(add(mul(by_y, s), mul(by_x, t)) for s, t in zip(dy, dx)))


def norm(*xs: Any) -> Any:
    """math.hypot."""
    level = max(map(level_of, xs))
    if level == 0:
        return math.hypot(*xs)
    width = next(len(x.tangents) for x in xs if level_of(x) == level)
    parts = [split(x, level, width) for x in xs]
    out = norm(*(x0 for x0, _ in parts))
    tangents: tuple[Any, ...] = (0,) * width
    for x0, dx in parts:
        slope = div(x0, out)
        tangents = tuple(add(total_, mul(slope, t)) for total_, t in zip(tangents, dx))
    return dual(level, out, tangents)


# ---------------------------------------------------------------- seeds and derivatives of trees


def leaves(x: Any) -> list[Any]:
    """The floats (and duals) in a tree of tuples, in order."""
    if isinstance(x, tuple):
        return [leaf for item in x for leaf in leaves(item)]
    return [x] if isinstance(x, float | Dual) else []


def rebuilt(x: Any, new: list[Any]) -> Any:
    """x with its leaves taken from the front of `new`; None where x has no float."""
    if isinstance(x, tuple):
        return tuple(rebuilt(item, new) for item in x)
    return new.pop(0) if isinstance(x, float | Dual) else None


def seeded(x: Any, seeds: list[tuple[Any, ...]], level: int) -> Any:
    """x with each float leaf made a dual of this level, its tangents from the front of `seeds`."""
    if isinstance(x, tuple):
        return tuple(seeded(item, seeds, level) for item in x)
    return dual(level, x, seeds.pop(0)) if isinstance(x, float | Dual) else x


def value_at(x: Any, level: int) -> Any:
    """x without the derivatives of this level."""
    if isinstance(x, tuple):
        return tuple(value_at(item, level) for item in x)
    return x.value if level_of(x) == level else x


def jacobian(f, args: tuple[Any, ...], argnums: tuple[int, ...]):
    """One run of f: (its value, for each float leaf of the result the derivatives by each leaf of the arguments)."""
    level = next(_levels)
    count = sum(len(leaves(args[i])) for i in argnums)
    unit = [tuple(1.0 if i == j else 0 for j in range(count)) for i in range(count)]
    new = list(args)
    for i in argnums:
        new[i] = seeded(args[i], unit, level)
    y = f(*new)
    rows = [[0.0 if type(t) is int else t for t in split(leaf, level, count)[1]] for leaf in leaves(y)]
    return value_at(y, level), rows


def fresh_level() -> int:
    return next(_levels)
