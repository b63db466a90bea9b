"""Every primitive against its own record: partials against differences, of first and second order; rules by grade."""

from __future__ import annotations

import itertools
import math
import random
import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tapeless.ir import primitives
from tapeless.ir.abstract import FLOAT, INT
from tapeless.ir.primitive import REGISTRY, Primitive, Rule, Term, Var

assert primitives
DERIVED = [p for p in REGISTRY.values() if p.partials is not None and p.evaluate is not None]
RULES = [(p, r) for p in REGISTRY.values() for r in p.rules]
# the arithmetic of derivatives, whose rules take 0.0 for the zero of a vector space
COTANGENTS = {"gadd", "gsub", "gneg", "gmul", "gdiv", "gmul_guarded", "gdiv_guarded", "gpow"}
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e308, 5e-324, -1e-310, math.inf, -math.inf, math.nan, 2.0**53 + 2]
INTS = [0, 1, -1, 2, 7, -7, 63, 64, 2**53 + 1, 2**62, -(2**62), 2**63 - 1, -(2**63)]


def value(term: Any, inputs: Sequence[Any], out: Any = None) -> Any:
    """A term on numbers; Var(0) is `out`."""
    if isinstance(term, Var):
        return out if term.index == 0 else inputs[term.index - 1]
    if not isinstance(term, Term):
        return term
    if term.primitive.lower == "same":
        return value(term.args[0], inputs, out)
    assert term.primitive.evaluate is not None
    return term.primitive.evaluate(*(value(a, inputs, out) for a in term.args))


def ridders(f: Callable[[float], float], x: float, h: float = 0.02) -> tuple[float, float]:
    """The derivative of f at x by extrapolated central differences, and an estimate of its error (Ridders 1982)."""
    table = [[(f(x + h) - f(x - h)) / (2 * h)]]
    best, error = table[0][0], math.inf
    for i in range(1, 9):
        h /= 1.6
        row, factor = [(f(x + h) - f(x - h)) / (2 * h)], 1.6**2
        for j in range(i):
            row.append((row[j] * factor - table[i - 1][j]) / (factor - 1))
            factor *= 1.6**2
            worst = max(abs(row[-1] - row[-2]), abs(row[-1] - table[i - 1][j]))
            if worst <= error:
                best, error = row[-1], worst
        table.append(row)
    return best, error


def points(p: Primitive, count: int = 12) -> list[list[Any]]:
    """Inputs in the domain of a primitive; int where the bounds are."""
    rng = random.Random(p.name)
    assert p.domain, f"{p} has partials but no domain to test them in"
    return [
        [rng.randint(a, b) if isinstance(a, int) else rng.uniform(a + 0.03, b - 0.03) for a, b in p.domain]
        for _ in range(count)
    ]


def at(f: Callable[..., float], x: list[Any], i: int) -> Callable[[float], float]:
    """f as a function of its i-th input."""
    return lambda t: f(*x[:i], t, *x[i + 1 :])


def assert_slope(got: float, f: Callable[[float], float], x: float) -> None:
    expected, error = ridders(f, x)
    assert math.isclose(got, expected, rel_tol=1e-7, abs_tol=1e-7 + 10 * error), (x, got, expected, error)


@pytest.mark.parametrize("p", DERIVED, ids=str)
def test_partials(p: Primitive) -> None:
    assert p.partials is not None and p.evaluate is not None
    for x in points(p):
        out = p.evaluate(*x)
        assert len(p.partials) == len(x)
        for i, partial in enumerate(p.partials):
            got = value(partial, x, out)
            if isinstance(x[i], int):
                assert partial == 0.0
            else:
                assert_slope(got, at(p.evaluate, x, i), x[i])


def slope(term: Any, inputs: list[Any], tangents: list[float], out: float, out_tangent: float) -> float:
    """The derivative of a term along a direction, by the partials of its primitives."""
    if isinstance(term, Var):
        return out_tangent if term.index == 0 else tangents[term.index - 1]
    if not isinstance(term, Term) or term.primitive.partials is None:
        return 0.0
    args = [value(a, inputs, out) for a in term.args]
    result = term.primitive.evaluate(*args)  # type: ignore[misc]
    total = 0.0
    for a, partial in zip(term.args, term.primitive.partials):
        d = slope(a, inputs, tangents, out, out_tangent)
        if d != 0.0:
            total += d * value(partial, args, result)
    return total


@pytest.mark.parametrize("p", DERIVED, ids=str)
def test_second_partials(p: Primitive) -> None:
    assert p.partials is not None and p.evaluate is not None
    for x in points(p, 6):
        out = p.evaluate(*x)
        for partial, j in itertools.product(p.partials, range(len(x))):
            if isinstance(x[j], int):
                continue
            tangents = [float(i == j) for i in range(len(x))]
            got = slope(partial, x, tangents, out, value(p.partials[j], x, out))

            def first(*xs: Any, partial: Any = partial) -> float:
                return value(partial, xs, p.evaluate(*xs))  # type: ignore[no-any-return,misc]

            assert_slope(got, at(first, x, j), x[j])


def variables(term: Any) -> set[int]:
    if isinstance(term, Var):
        return {term.index}
    return set().union(*map(variables, term.args)) if isinstance(term, Term) else set()


def input_kinds(p: Primitive) -> list[str]:
    """The kinds of a primitive's inputs, as far as its rules show: by its name and result."""
    if p.name in ("not_", "and_", "or_", "xor_", "beq"):
        return ["bool"] * 2
    if p.name == "fpow_log":
        return ["int", "float", "float"]
    if p.name.startswith("f") or p.name in COTANGENTS or p.result is FLOAT:
        return ["float"] * 3
    return ["int"] * 3


def kinds(term: Any, found: dict[int, str]) -> dict[int, str]:
    """The kind of each variable of a term."""
    if isinstance(term, Term):
        for a, kind in zip(term.args, input_kinds(term.primitive)):
            if isinstance(a, Var):
                found[a.index] = kind
            kinds(a, found)
    return found


def same_bits(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("<d", a) == struct.pack("<d", b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize(("p", "rule"), RULES, ids=[r.name for _, r in RULES])
def test_rules(p: Primitive, rule: Rule) -> None:
    assert rule.grade in ("exact", "real", "known")
    assert variables(rule.replacement) <= variables(rule.pattern)
    rng = random.Random(rule.name)
    table = {
        "float": FLOATS + [rng.gauss(0, 1) * 10.0 ** rng.randint(-9, 9) for _ in range(300)],
        "int": INTS + [rng.randint(-(2**63), 2**63 - 1) >> rng.randint(0, 60) for _ in range(100)],
        "bool": [False, True],
    }
    variable_kinds = kinds(rule.pattern, {})
    names = [(i, variable_kinds.get(i, "float")) for i in range(1, max(variable_kinds) + 1)]
    weak = rule.grade == "real" or p.name in COTANGENTS
    for _ in range(2000):
        inputs = [rng.choice(table[kind]) for _, kind in names]
        left, right = value(rule.pattern, inputs), value(rule.replacement, inputs)
        assert all(same_bits(left, value(p, inputs)) for p in rule.patterns), "the orders of one pattern"
        if not weak:
            assert same_bits(left, right), (inputs, left, right)
        elif all(isinstance(x, bool) or 1e-60 < abs(x) < 1e60 for x in inputs) and not (
            isinstance(left, float) and math.isnan(left)
        ):
            assert math.isclose(left, right, rel_tol=1e-12), (inputs, left, right)


def test_rule_names_are_unique() -> None:
    names = [r.name for _, r in RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("p", [p for p in REGISTRY.values() if p.evaluate and p.lower], ids=str)
def test_evaluate_is_total(p: Primitive) -> None:
    """Every primitive has a value for all inputs, of the type that it states."""
    assert p.doc.endswith(".") or ":" in p.doc
    count = p.evaluate.__code__.co_argcount if hasattr(p.evaluate, "__code__") else len(p.domain)
    for inputs in itertools.product(FLOATS, repeat=len(p.domain) or 1):
        if p.result is FLOAT and p.domain and not any(isinstance(a, int) for a, _ in p.domain):
            assert type(p.evaluate(*inputs)) is float, (inputs, count)  # type: ignore[misc]
    if p.result is INT and p.name.startswith("i") and not p.domain:
        for pair in itertools.product(INTS, repeat=2):
            arity = 1 if p.name in ("ineg", "iabs", "inot", "iisqrt", "ifactorial") else 2
            result = p.evaluate(*pair[:arity])  # type: ignore[misc]
            assert type(result) is int and -(2**63) <= result < 2**63, pair


@pytest.mark.parametrize("p", [p for p in REGISTRY.values() if p.commutes], ids=str)
def test_commutes(p: Primitive) -> None:
    kind = input_kinds(p)[0]
    for a, b in itertools.product({"float": FLOATS, "int": INTS, "bool": [False, True]}[kind], repeat=2):
        assert p.evaluate is not None
        assert same_bits(p.evaluate(a, b), p.evaluate(b, a)), (a, b)


CONVENTIONS = re.findall(
    r"^\| `d/d(\w) (\w+)\(([^)]*)\)` \| `([^`]*)` \|",
    (Path(__file__).parents[2] / "docs/conventions.md").read_text(),
    re.M,
)


@pytest.mark.parametrize(("by", "name", "inputs", "expected"), CONVENTIONS)
def test_conventions(by: str, name: str, inputs: str, expected: str) -> None:
    """The table of docs/conventions.md."""
    p = REGISTRY[name]
    names = dict(a.split("=") for a in inputs.split(", "))
    x = [float(v) for v in names.values()]
    assert p.partials is not None and p.evaluate is not None
    got = value(p.partials[list(names).index(by)], x, p.evaluate(*x))
    assert got == float(expected), got


def test_conventions_are_there() -> None:
    assert len(CONVENTIONS) > 20


def test_derivatives_of_powers_at_zero() -> None:
    """All orders of x**n at 0 and below, by the chain rule over terms."""
    power = REGISTRY["fpow"]
    for x, n in itertools.product([0.0, -2.0, 3.0], [0.0, 1.0, 2.0, 3.0, 5.0]):
        for order in range(1, 5):
            factor = math.prod(n - k for k in range(order))
            expected = factor * x ** (n - order) if factor else 0.0
            assert nth(power(Var(1), n), x, order) == pytest.approx(expected), (x, n, order)


def nth(term: Any, x: float, order: int) -> float:
    for _ in range(order):
        term = derived(term)
    return value(term, [x])  # type: ignore[no-any-return]


def derived(term: Any) -> Any:
    """The derivative of a term by Var(1), as AD builds it: guarded where a partial is singular."""
    if isinstance(term, Var):
        return 1.0
    if not isinstance(term, Term) or term.primitive.partials is None:
        return 0.0
    total: Any = 0.0
    for a, partial in zip(term.args, term.primitive.partials):
        inner = derived(a)
        if isinstance(inner, float) and inner == 0.0:
            continue
        times = REGISTRY["gmul_guarded" if term.primitive.singular else "gmul"]
        part = times(inner, substituted(partial, term))
        total = part if isinstance(total, float) else REGISTRY["gadd"](total, part)
    return total


def substituted(partial: Any, term: Term) -> Any:
    if isinstance(partial, Var):
        return term if partial.index == 0 else term.args[partial.index - 1]
    if isinstance(partial, Term):
        return Term(partial.primitive, tuple(substituted(a, term) for a in partial.args))
    return partial


def test_polygamma() -> None:
    psi = REGISTRY["polygamma"].evaluate
    assert psi is not None
    euler, zeta3 = 0.5772156649015329, 1.2020569031595942
    known = [
        (0, 1.0, -euler), (0, 0.5, -euler - 2 * math.log(2)), (1, 1.0, math.pi**2 / 6), (1, 0.5, math.pi**2 / 2),
        (2, 1.0, -2 * zeta3), (3, 1.0, math.pi**4 / 15), (0, -0.5, 2 - euler - 2 * math.log(2)),
        (1, -0.5, math.pi**2 / 2 + 4), (2, 0.5, -14 * zeta3), (0, 1e10, math.log(1e10) - 0.5e-10),
    ]  # fmt: skip
    for n, x, expected in known:
        assert psi(n, x) == pytest.approx(expected, rel=2e-14), (n, x)
    for n, x in itertools.product(range(8), [-30.3, -2.2, -1.75, -0.1, 0.2, 3.3, 15.9, 100.0]):
        step = (-1) ** n * math.factorial(n) / x ** (n + 1)
        assert psi(n, x + 1.0) - psi(n, x) == pytest.approx(step, rel=1e-9, abs=1e-12 * abs(psi(n, x))), (n, x)
