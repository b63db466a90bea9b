"""SOURCE graphs mean what the Python text means: the interpreter against CPython, in value, error and output."""

from __future__ import annotations

import functools
import math
from typing import Any

import pytest
from tapeless.frontend import from_source, load
from tapeless.ir.diagnostics import TapelessError
from tapeless.ir.interpret import evaluate
from tapeless.ir.stage import Stage
from tapeless.ir.verify import verify

SCALE, PAIR, NAME, NOTHING = 2.5, (1.5, 2), "cubic", None


def outcome(run: Any) -> Any:
    """The value, or the exception, of a run, and what it printed."""
    printed: list[Any] = []

    def out(*values: Any, **options: Any) -> None:
        printed.append((values, options))

    try:
        return "value", repr(run(out)), printed
    except TapelessError:
        raise
    except Exception as e:
        return type(e), str(e), printed


def agree(f: Any, *args: Any) -> None:
    """`f` and its graphs do the same."""
    program = load(f)
    root = program.applied(len(args))
    verify(root, Stage.SOURCE)
    got = outcome(lambda out: evaluate(root, [*program.fetch(), *args], out))

    def native(out: Any) -> Any:
        f.__globals__["print"] = lambda *a, sep=" ", end="\n": out(*a, **_given(sep, end))
        try:
            return f(*args)
        finally:
            del f.__globals__["print"]

    assert got == outcome(native)


def _given(sep: str, end: str) -> dict[str, str]:
    return {k: v for k, v, default in (("sep", sep, " "), ("end", end, "\n")) if v != default}


TEXTS = {
    "if, elif, else": """
def f(x):
    if x < -1: y = x * x
    elif -1 <= x <= 1: y = x
    else: y = 2 - 1 / x
    return y if y > 0 and not x == 0 or x > 100 else -y
""",
    "early returns": """
def f(x):
    if x > 2:
        return 1
    if x > 1:
        if x > 1.5:
            return 2
        x = x + 10
    elif x < -1:
        return 3
    return x
""",
    "return mixed into branches": """
def f(x):
    y = 0
    if x > 0:
        if x > 1:
            return x
        y = x * 2
    else:
        y = -x
        if x < -1:
            raise ValueError("small")
    return y + 1
""",
    "break, continue, else": """
def f(x):
    s = 0.0
    for k in range(6):
        if k % 2:
            continue
        s += x
        if s > 2:
            break
    else:
        s = -s
    return s, k
""",
    "return inside nested loops": """
def f(x):
    n = 0
    for i in range(4):
        j = 0
        while True:
            j += 1
            n += i * j
            if n > 8 * x:
                return n, i, j
            if j > i:
                break
            if j % 2: continue
            n += 1
    else:
        n = -n
    return n
""",
    "while with else and break": """
def f(x):
    n = 0
    while x < 10:
        x = x * 2 + 1
        n += 1
        if n > 3: break
    else:
        n = 100
    return x, n
""",
    "variables without a value": """
def f(x):
    for k in range(int(x) + 2):
        if x > 2: pass
        else: y = k
        if k > x: z = y
        if k == 3: break
    else:
        w = y
    while x < 1:
        v = x
        x += 0.5
    return w, z, v
""",
    "loop else that returns": """
def f(x):
    for i in range(3):
        if i > x: break
    else:
        return "ended"
    return i
""",
    "break and return in one loop": """
def f(x):
    s = 0
    for i in range(10):
        s += i
        if s > 20: return s
        if i > x: break
    s = s * 2
    return s
""",
    "loop variable afterwards": "def f(x):\n    for i in range(3): x = x + i\n    return x, i\n",
    "loop variable shadows": "def f(x):\n    y = x\n    for x in range(3): y = y * (x + 1)\n    return y * x\n",
    "empty loop keeps the variable": "def f(x):\n    i = 7\n    for i in range(0): pass\n    return i\n",
    "endless loop binds": """
def f(x):
    while True:
        y = x + 1
        if y > 3: break
        x = y
    return y
""",
    "unpacking": """
def f(x):
    (a, b), c = (x, 2), 3
    a, b = b, a
    p = q = (a, b)
    (r, s) = p
    for k, (u, v) in enumerate((p, q)):
        c += k * u * v
    return a, b, c, r, s, p, q
""",
    "unpacking too few": "def f(x):\n    t = (x, x)\n    a, b, c = t\n    return a\n",
    "augmented assignment": "def f(x):\n    x += 1; x *= 2; x -= 3; x //= 2; x **= 2; x %= 7; x /= 2\n    return x\n",
    "annotations": "def f(x: float) -> float:\n    y: float = x\n    z: int\n    z = 2\n    return y * z\n",
    "walrus": "def f(x):\n    if (y := x + 1) > 2: return y\n    while (x := x + 1) < 5: y += x\n    return x, y\n",
    "boolean values": "def f(x):\n    return x or 5, x and 7, not x, (x or 0) and 3, 0 < x < 2 < 3, 1 if x else 2\n",
    "short circuit": "def f(x):\n    return x == 0 or 1 / x > 0, x != 0 and 1 / x\n",
    "slices": """
def f(x):
    t = (1, 2, 3, x)
    return t[0], t[-1], t[1:], t[:2], t[::2], t[1:-1], len(t), x in t, 9 not in t
""",
    "none": """
def f(x):
    def g(y, z=None):
        if z is None: return y
        return y + z
    return g(x), g(x, x), g(x, z=2)
""",
    "parameters": """
def f(x):
    def g(a, b=x, *rest, c=x + 1, d):
        return a, b, rest, c, d
    t = (7, 8)
    return g(1, d=2), g(1, 2, 3, 4, d=5, c=6), g(*t, 9, *t, d=0), g(d=1, a=2)
""",
    "defaults are evaluated once": """
def f(x):
    k = x
    def g(a=k): return a
    h = lambda a=k: a
    k = 10
    return g(), h(), g(3)
""",
    "assert": "def f(x):\n    assert x > 0, 'positive'\n    assert x != 2\n    return x\n",
    "raise": """
def f(x):
    if x == 1: raise ValueError
    if x == 2: raise IndexError()
    raise OverflowError('big')
""",
    "error in dead code": "def f(x):\n    y = 1 / (x - 1)\n    return 3\n",
    "print": "def f(x):\n    for i in range(2): print(i, x, sep='-', end='!')\n    print()\n    return print(x)\n",
    "generator expressions": """
def f(x):
    a = sum(i * j * x for i in range(4) if i != 2 for j in range(i) if j)
    b = sum((i for i in range(3)), 10), sum((i for i in range(3)), start=x)
    c = any(i > x for i in range(3)), all(1 / (i - 2) < x for i in range(2))
    d = min((i - x) ** 2 for i in range(4)), max(i * x for i in (1, -1))
    return a, b, c, d, tuple(i + x for i in range(3))
""",
    "unpacked generator expressions": """
def f(x):
    a, b, c = (i * x for i in (3, 1, 2))
    (d, e), g = ((i, i + x) for i in range(2))
    return a, b, c, d, e, g
""",
    "unpacked iterators": "def f(x):\n    a, b = zip((1, x), (3, 4))\n    c, d = reversed(a)\n    return a, b, c, d\n",
    "starred lists": """
def f(x):
    def g(a, *b): return a - sum(b)
    a, b = zip(*[(1, x), (x, 4)])
    return a, b, g(*[1, x, 3]), max(*[1, x], 2), g(x, *[], *(2, x))
""",
    "too many to unpack": "def f(x):\n    a, b = (i for i in range(x))\n    return a + b\n",
    "unpacking stops": "def f(x):\n    a, b = (1 / (3 - i) for i in range(3 * x))\n    return a + b\n",
    "any stops": "def f(x):\n    return any(1 / (3 - i) > 0.4 for i in range(5))\n",
    "max of nothing": "def f(x):\n    return max(i for i in range(x) if i > 5)\n",
    "comprehension scope": "def f(x):\n    i = 7\n    return sum(i for i in range(x + 3)), i\n",
    "reduce and operators": """
import functools, operator
def f(x):
    return functools.reduce(operator.mul, (x, 2, 3), 1), functools.reduce(lambda a, b: a - b, range(4))
""",
    "infinity": "import math\ndef f(x):\n    return math.pi * x, math.sin(x), math.inf > x\n",
}

CLOSURES = {
    "captured": "def f(x):\n    def g(z): return z * x\n    def h(k): return g(k) * x\n    return h(2) + g(x)\n",
    "late binding": "def f(x):\n    k = 1\n    g = lambda z: z * k\n    k = x\n    return g(2)\n",
    "late binding in a loop": """
def f(x):
    t = ()
    for i in range(3):
        t = t + ((lambda: i * x),)
    return t[0](), t[2](), i
""",
    "late binding in a generator expression": """
def f(x):
    return any((lambda: i)() > x for i in range(3)), tuple((lambda: i) for i in range(3))[0]()
""",
    "nonlocal": """
def f(x):
    total = 0
    def add(z):
        nonlocal total
        def twice():
            nonlocal total
            total += z
        twice()
        total += z * x
    for i in range(3): add(i)
    return total
""",
    "parameter as a cell": "def f(x):\n    g = lambda: x\n    x = x + 1\n    return g()\n",
    "mutual recursion": """
def f(x):
    def even(n): return True if n == 0 else odd(n - 1)
    def odd(n): return False if n == 0 else even(n - 1)
    return even(int(x) + 3), odd(4)
""",
    "mutual recursion by lambda": """
def f(x):
    even = lambda n: n == 0 or odd(n - 1)
    odd = lambda n: n != 0 and even(n - 1)
    return even(int(x) + 3), odd(4)
""",
    "sibling captures a later variable": """
def f(x):
    def a(): return b()
    k = x * 2
    def b(): return k
    return a()
""",
    "sibling called too early": """
def f(x):
    def a(): return b()
    y = a()
    def b(): return x
    return y
""",
    "sibling passed on too early": """
def f(x):
    def a(): return b()
    t = a
    def b(): return x
    return t()
""",
    "captured before it is assigned": "def f(x):\n    g = lambda: k\n    if x > 1: k = 5\n    return g()\n",
    "free variables of comprehensions": """
def f(x):
    for i in range(x - 1): k = i
    return [k + j for j in range(2)]
""",
    "free variables of generator expressions": """
def f(x):
    for i in range(x - 1): k = i
    return sum(k + j for j in range(2))
""",
    "the first iterable of a comprehension": """
def f(x):
    for i in range(x - 1): k = i
    return [j for j in range(k)]
""",
    "read of a cell before it is assigned": "def f(x):\n    g = lambda: k\n    if x > 1: k = 5\n    return k\n",
    "recursion through a variable": """
def f(x):
    g = lambda n: n
    def g(n): return x if n == 0 else g(n - 1) + 1
    return g(3)
""",
    "definition in a branch": """
def f(x):
    if x > 1:
        def g(z): return z * x
    else:
        g = lambda z: -z
    return g(3)
""",
    "definition in a loop with a default": """
def f(x):
    h = lambda z: z
    for i in range(3):
        def g(z, k=i, p=h): return p(z) * x + k
        h = g
    return h(2)
""",
    "recursive definition in a loop with a default": """
def f(x):
    first = None
    for i in range(3):
        def g(n, k=i): return k if n == 0 else g(n - 1)
        if i == 0: first = g
    return first(0), first(1)
""",
    "composition": """
def f(x):
    def compose(g, h): return lambda z: g(h(z))
    p = lambda z: z
    for _ in range(4): p = compose(lambda z: z * 2 + x, p)
    return p(x)
""",
    "conditional function": "def f(x):\n    g = abs if x < 0 else (lambda z: z * x)\n    return g(x) + g(2)\n",
    "decorated": """
def f(x):
    def twice(g): return lambda z: g(g(z))
    @twice
    @twice
    def h(z): return z * x + 1
    return h(1)
""",
    "self application": "def f(x):\n    u = lambda s, n: x if n == 0 else s(s, n - 1) * 2\n    return u(u, 3)\n",
}


@pytest.mark.parametrize("name", [*TEXTS, *CLOSURES])
@pytest.mark.parametrize("x", [-2, 0, 1, 2, 1.75])
def test_text(name: str, x: Any) -> None:
    agree(from_source({**TEXTS, **CLOSURES}[name], "f"), x)


def helper(x: Any, n: int) -> Any:
    return x if n == 0 else math.sin(other(x, n - 1)) * SCALE


def other(x: Any, n: int, scale: float = SCALE, *, shift: tuple[float, int] = PAIR) -> Any:
    return scale * x + shift[1] if n == 0 else helper(x, n - 1)


def uses_globals(x: Any) -> Any:
    return helper(x, 5) + PAIR[0] if NAME == "cubic" and NOTHING is None else 0


triple = functools.partial(other, n=0, scale=3.0)


def uses_partial(x: Any) -> Any:
    return functools.partial(other, x, scale=x)(0), triple(x)


def test_globals_defaults_and_mutual_recursion() -> None:
    agree(uses_globals, 0.5)


@pytest.mark.parametrize("f", [helper, other])
def test_top_level_functions_with_defaults(f: Any) -> None:
    agree(f, 0.5, 3)


def test_partial() -> None:
    agree(uses_partial, 0.5)


def test_closure_of_a_python_function() -> None:
    def make(k: Any, g: Any) -> Any:
        return lambda x: g(x) * k

    agree(make(3, make(2.0, math.cos)), 0.5)


def test_unicode_names() -> None:
    agree(from_source("def f(α):\n    β = α * 2; γ = β + α\n    return γ\n"), 1.5)


def test_long_straight_line() -> None:
    lines = "".join(f"    y{k % 7} = y{(k + 3) % 7} * 0.5 + x\n" for k in range(3000))
    agree(from_source("def f(x):\n    y0 = y1 = y2 = y3 = y4 = y5 = y6 = x\n" + lines + "    return y0\n"), 0.25)


def test_many_early_returns() -> None:
    lines = "".join(f"    if x == {k}: return {k * k}\n" for k in range(400))
    load(from_source("def f(x):\n" + lines + "    return -1\n"))


def test_long_sum() -> None:
    agree(from_source("def f(x):\n    return " + " + ".join(["x"] * 1500) + "\n"), 0.25)
