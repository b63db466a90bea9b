"""Programs of any size, each the text of a function `f` of one float: n of something, one after another or nested."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

import tapeless as tl

SHAPES: dict[str, Callable[[int], FunctionType]] = {}


def shape(lines: Callable[[int], list[str]]) -> Callable[[int], list[str]]:
    """Register a shape by what gives the lines of its body between `a = x`, `b = 0.5 * x` and `return a + b`."""

    def make(n: int) -> FunctionType:
        body = ["a = x", "b = 0.5 * x", *lines(n), "return a + b"]
        return tl.from_source("\n    ".join(["def f(x):", *body]), "f")

    SHAPES[lines.__name__] = make
    return lines


def number(i: int) -> str:
    """Constants that differ, so that nothing is shared."""
    return repr(0.1 + 1e-5 * i)


@shape
def statements(n):
    return [f"{'ab'[i % 2]} = a * b + x * {number(i)}" for i in range(n)]


@shape
def quotients(n):
    return [f"{'ab'[i % 2]} = a / b + {number(i)}" for i in range(n)]


@shape
def branches(n):
    return [line for i in range(n) for line in (f"if a > {number(i)}:", "    a = a * b", "else:", "    b = a + x")]


@shape
def one_of_many(n):
    ways = [line for i in range(n) for line in (f"elif a > {number(-i)}:", f"    b = a * {number(i)}")]
    return ["if a > 1.0:", "    b = a", *ways, "else:", "    b = x * x"]


@shape
def loops(n):
    return [line for i in range(n) for line in ("for i in range(3):", f"    a = a * b + {number(i)}")]


@shape
def variables_of_a_loop(n):
    step = [f"    s{i} = s{i} * s{(i + 1) % n} + x" for i in range(n)]
    total = " + ".join(f"s{i}" for i in range(n))
    return [*(f"s{i} = x * {number(i)}" for i in range(n)), "for i in range(3):", *step, f"a = {total}"]


@shape
def calls_in_calls(n):
    functions = [[f"def g{i + 1}(y):", f"    return y * y * {number(i)} + g{i}(y)"] for i in range(n)]
    return ["def g0(y):", "    return y", *(line for f in functions for line in f), f"a = g{n}(x)"]


@shape
def recursions(n):
    functions = [
        [f"def g{i}(y, k):", "    if k == 0:", "        return y", f"    return g{i}(y, k - 1) * {number(i)} + y"]
        for i in range(n)
    ]
    return [*(line for f in functions for line in f), *(f"a = a + g{i}(x, 3)" for i in range(n))]


@shape
def closures(n):
    return [*(f"f{i} = lambda y: a * y * {number(i)}" for i in range(n)), *(f"b = b + f{i}(b)" for i in range(n))]


@shape
def items(n):
    return [f"t = ({', '.join(f'x * {number(i)}' for i in range(n))},)", "for v in t:", "    a = a * v"]


@shape
def assignments_of_a_captured_variable(n):
    return ["def up(y):", "    nonlocal a", "    a = a * y", "    return a", *["b = b + up(x)"] * n]
