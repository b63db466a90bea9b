"""The references that compiled programs are compared with; nothing here is shared with the compiler.

`load(text)` executes a module's source with `math`, the builtins and `tl` exchanged for versions that work on dual
numbers (`duals.py`), so that CPython computes exact derivatives of the user's own functions, also of those that take
derivatives themselves. `extrapolated` is a second reference, and `same` and `close` the comparisons.
"""

from __future__ import annotations

import builtins
import math
import struct
import sys
import types
from typing import Any

from duals import (
    SLOPES,
    Dual,
    atan2,
    fresh_level,
    jacobian,
    leaves,
    norm,
    notes,
    operand,
    primal,
    rebuilt,
    seeded,
    split,
    unary,
    value_at,
    with_primal,
)
from duals import mul as multiply

# ---------------------------------------------------------------- the derivatives, as `tl` names them


def _argnums(argnums) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def value_and_grad(f, argnums=0):
    """(value, gradient) of f, as `tl.value_and_grad`."""
    numbers = _argnums(argnums)

    def derivative(*args):
        y, rows = jacobian(f, args, numbers)
        row = list(rows[0]) if rows else [0.0] * sum(len(leaves(args[i])) for i in numbers)
        grads = tuple(rebuilt(args[i], row) for i in numbers)
        return y, grads[0] if isinstance(argnums, int) else grads

    return derivative


def grad(f, argnums=0):
    """The gradient of f, as `tl.grad`."""
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def vjp(f, *args):
    """(value, pullback) of f at args, as `tl.vjp`; the pullback gives a tuple, one cotangent for each argument."""
    y, rows = jacobian(f, args, tuple(range(len(args))))

    def pullback(ct):
        columns = [sum((c * d for c, d in zip(leaves(ct), column)), 0.0) for column in zip(*rows)]
        return tuple(rebuilt(x, columns) for x in args)

    return y, pullback


def jvp(f, primals, tangents):
    """(value, tangent) of f, as `tl.jvp`."""
    level = fresh_level()
    directions = [(t,) for t in leaves(tuple(tangents))]
    y = f(*(seeded(x, directions, level) for x in primals))
    moved = [split(leaf, level, 1)[1][0] for leaf in leaves(y)]
    return value_at(y, level), rebuilt(y, [0.0 if type(t) is int else t for t in moved])


def taylor(f, order, argnums=0):
    """The derivatives of order 0, ..., `order` by one float, as `tl.taylor`: dual numbers of dual numbers."""

    def derivatives(*args):
        g, out = (lambda x: f(*args[:argnums], x, *args[argnums % len(args) + 1 :])), []
        for k in range(order + 1):
            y = g(args[argnums])
            out.append(float(y) if type(y) in (int, bool) else y)
            g = _slope(g) if k < order else g
        return tuple(out)

    return derivatives


def _slope(g):
    return lambda x: jvp(g, (x,), (1.0,))[1]


def derivative(f, args, argnum=0, order=1):
    """The derivative of f of an order by one argument, at args (f from a module that `load` made)."""
    for _ in range(order):
        f = grad(f, argnum)
    return f(*args)


# ---------------------------------------------------------------- math and builtins on dual numbers


def _unary_on_duals(name):
    plain = getattr(math, name)

    def function(x):
        if not isinstance(x, Dual):
            return plain(x)
        value = plain(primal(x))  # raises what CPython raises
        return with_primal(unary(name, x), value)

    function.__name__ = name
    return function


def _plain(f):
    """f on the innermost values: what has no derivative."""
    return lambda *args, **kw: f(*map(primal, args), **{k: primal(v) for k, v in kw.items()})


def _log(x, *base):
    if not base:
        return _MATH_UNARY["log"](x)
    _ = math.log(primal(x), primal(base[0]))
    return _MATH_UNARY["log"](x) / _MATH_UNARY["log"](base[0])


def _fmod(x, y):
    value = math.fmod(primal(x), primal(y))
    if not isinstance(x, Dual) and not isinstance(y, Dual):
        return value
    return with_primal(operand(x) - operand(y) * float(math.trunc(primal(x) / primal(y))), value)


def _remainder(x, y):
    value = math.remainder(primal(x), primal(y))
    if not isinstance(x, Dual) and not isinstance(y, Dual):
        return value
    return with_primal(operand(x) - operand(y) * round((primal(x) - value) / primal(y)), value)


def _copysign(x, y):
    if not isinstance(x, Dual):
        return math.copysign(x, primal(y))
    notes.tie |= primal(x) == 0.0
    flip = math.copysign(1.0, primal(x)) != math.copysign(1.0, primal(y))
    return multiply(x, -1.0) if flip else x


def _pow(x, y):
    value = math.pow(primal(x), primal(y))
    if not isinstance(x, Dual) and not isinstance(y, Dual):
        return value
    return with_primal(operand(x) ** operand(y), value)


def _prod(xs, start=1):
    for x in xs:
        start = start * x
    return start


def _fsum(xs):
    items = tuple(xs)
    value = math.fsum(map(primal, items))
    if not any(isinstance(x, Dual) for x in items):
        return value
    return with_primal(sum(items), value)


def _modf(x):
    fraction, whole = math.modf(primal(x))
    return (with_primal(x, fraction) if isinstance(x, Dual) else fraction), whole


_MATH_UNARY = {name: _unary_on_duals(name) for name in SLOPES if hasattr(math, name)}


def _math_module() -> types.ModuleType:
    shim = types.ModuleType("math")
    for name, value in vars(math).items():
        if not name.startswith("__"):
            setattr(shim, name, _plain(value) if callable(value) else value)
    for name, function in _MATH_UNARY.items():
        setattr(shim, name, function)
    shim.__dict__.update(
        log=_log, fmod=_fmod, remainder=_remainder, copysign=_copysign, pow=_pow, prod=_prod, fsum=_fsum, modf=_modf,
        fabs=lambda x: abs(x) if isinstance(x, Dual) else math.fabs(x),
        hypot=lambda *xs: norm(*map(operand, xs)),
        dist=lambda p, q: norm(*(operand(a - b) for a, b in zip(p, q))),
        atan2=lambda y, x: atan2(operand(y), operand(x)),
        ldexp=lambda x, n: x * 2.0**n if isinstance(x, Dual) else math.ldexp(x, n),
        floor=math.floor, ceil=math.ceil, trunc=math.trunc,
    )  # fmt: skip
    return shim


class _Float:
    """`float` for the oracle: keeps duals, and is a class that `isinstance` below knows."""

    def __call__(self, x=0.0):
        return x if isinstance(x, Dual) else float(x)

    def __getattr__(self, name):
        return getattr(float, name)


def _isinstance(x, kind):
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return isinstance(x, tuple((float, Dual) if k is FLOAT else k for k in kinds))


def _extremum(pick):
    def function(*args, **kw):
        items = tuple(args[0]) if len(args) == 1 else args
        best = pick(items, **kw)
        if not kw and isinstance(best, float | Dual):
            notes.tie |= sum(primal(x) == primal(best) for x in items) > 1 and any(isinstance(x, Dual) for x in items)
        return best

    return function


FLOAT = _Float()
_BUILTINS = {"float": FLOAT, "isinstance": _isinstance, "max": _extremum(max), "min": _extremum(min)}
MATH = _math_module()


class _Namespace(types.ModuleType):
    """`tl` for the oracle."""

    def __init__(self) -> None:
        super().__init__("tapeless")
        self.__dict__.update(grad=grad, value_and_grad=value_and_grad, taylor=taylor, jvp=jvp, vjp=vjp, jit=lambda f: f)


TL = _Namespace()


def load(text: str, filename: str, name: str) -> types.ModuleType:
    """The module of this source, with math, builtins and `tl` that work on dual numbers."""
    module = types.ModuleType(name)
    module.__file__ = filename
    module.__dict__["__builtins__"] = {**vars(builtins), **_BUILTINS, "__import__": _import}
    sys.modules[name] = module
    exec(compile(text, filename, "exec"), module.__dict__)
    return module


def _import(name, *args, **kw):
    return MATH if name == "math" else TL if name == "tapeless" else builtins.__import__(name, *args, **kw)


# ---------------------------------------------------------------- differences


def extrapolated(f, args, argnum=0, steps=8, h0=0.02):
    """The first derivative by a float argument by Ridders' extrapolation of central differences, and its doubt."""

    def at(h):
        return float(f(*args[:argnum], args[argnum] + h, *args[argnum + 1 :]))

    best, doubt = math.nan, math.inf
    previous: list[float] = []
    for i in range(steps):
        h = h0 / 2**i
        row = [(at(h) - at(-h)) / (2 * h)]
        for j in range(i):
            row.append(row[j] + (row[j] - previous[j]) / (4.0 ** (j + 1) - 1))
            worst = max(abs(row[j + 1] - row[j]), abs(row[j + 1] - previous[j]))
            if worst < doubt:
                best, doubt = row[j + 1], worst
        previous = row
    return best, doubt


# ---------------------------------------------------------------- comparison


def same(a: Any, b: Any, joined: bool = False) -> bool:
    """a is what CPython gave, b: type, structure and bits (any nan equals any nan).

    joined: where int and float met, an int may be the equal float, and a zero has no sign.
    """
    if isinstance(b, tuple):
        return type(a) is tuple and len(a) == len(b) and all(same(x, y, joined) for x, y in zip(a, b))
    if joined and type(b) in (int, float) and type(a) in (int, float):
        return (type(a) is type(b) or type(a) is float) and (a == b or (a != a and b != b))
    if type(a) is not type(b):
        return False
    if isinstance(b, float):
        return (a != a and b != b) or struct.pack("<d", a) == struct.pack("<d", b)
    return a == b


def close(a: Any, b: Any, rtol: float, atol: float = 0.0, joined: bool = False) -> bool:
    """Like `same`, but floats within rtol of |b| plus atol. None in b matches anything: what has no derivative."""
    if b is None:
        return True
    if isinstance(b, tuple):
        return type(a) is tuple and len(a) == len(b) and all(close(x, y, rtol, atol, joined) for x, y in zip(a, b))
    if isinstance(b, float) and isinstance(a, float):
        return a == b or (a != a and b != b) or abs(a - b) <= rtol * abs(b) + atol
    return same(a, b, joined)
