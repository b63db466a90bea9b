"""Derivatives of formulas cost what they cost by hand, hold nothing but arithmetic, and grow slowly with the order.

The derivations by hand stand in `formulas.py`; they are compiled too, and both are counted at stage `lower`.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import formulas
import pytest
import tapeless as tl
from counting import STRUCTURE, applications, operations
from formulas import FORMULAS
from tapeless.driver import Transform

ORDERS = 3
MORE_THAN_BY_HAND = {
    "softplus": "beta / beta is not canceled",
    "lennard_jones": "by hand s**n is derived as n * s**n / s, which powers made of products do not show",
}
NOT_LINEAR = {
    "lennard_jones": "most of it are products of series, whose n-th coefficient takes n multiplications",
}


def xfail(reasons):
    """The formulas, some with the reason why what is tested does not hold for them."""
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=reasons[name]) if name in reasons else ())
        for name in FORMULAS
    ]


def by_all(name):
    """The argnums of the gradient: a single float is derived by itself, several as a tuple."""
    count = len(FORMULAS[name])
    return 0 if count == 1 else tuple(range(count))


def gradient(name):
    return Transform("value_and_grad", by_all(name), "reverse")


def leaves(result):
    return [y for item in result for y in leaves(item)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", FORMULAS)
def test_values(name):
    args = FORMULAS[name]
    got = leaves(tl.value_and_grad(getattr(formulas, name), by_all(name), "reverse")(*args))
    expected = leaves(getattr(formulas, f"{name}_by_hand")(*args))
    assert len(got) == len(expected) == len(args) + 1
    assert all(math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-14) for a, b in zip(got, expected)), (got, expected)


@pytest.mark.parametrize("name", FORMULAS)
def test_nothing_but_arithmetic_is_left(name):
    args = FORMULAS[name]
    found = applications(getattr(formulas, name), args, gradient(name))
    structure = {key: found[key] for key in (*STRUCTURE, "call") if found[key]}
    assert structure == {"tuple": 1 if len(args) == 1 else 2}, "the result, and the gradient in it"


@pytest.mark.parametrize("name", xfail(MORE_THAN_BY_HAND))
def test_at_most_a_fifth_more_than_by_hand(name):
    args = FORMULAS[name]
    found = applications(getattr(formulas, name), args, gradient(name))
    by_hand = applications(getattr(formulas, f"{name}_by_hand"), args)
    assert operations(found) <= 1.2 * operations(by_hand), (found, by_hand)


@pytest.mark.parametrize("name", FORMULAS)
def test_reverse_mode_grows_at_most_threefold_per_order(name):
    counts = by_order(name, "reverse")
    assert all(after <= 3 * before for before, after in itertools.pairwise(counts)), counts


@pytest.mark.parametrize("name", xfail(NOT_LINEAR))
def test_forward_mode_grows_linearly(name):
    """The n-th derivative takes about n + 1 times the operations of the function: coefficients 0 to n of a series."""
    counts = by_order(name, "forward")
    assert all(c <= 1.5 * (k + 1) * counts[0] for k, c in enumerate(counts)), counts


def by_order(name, mode):
    """The operations of the derivatives by the first argument, from order 0 on."""
    f, args = getattr(formulas, name), FORMULAS[name]
    return [operations(applications(f, args, *[Transform("grad", 0, mode)] * k)) for k in range(ORDERS + 1)]


def test_enough_formulas():
    assert len(FORMULAS) - len(MORE_THAN_BY_HAND) >= 10
    assert Path(formulas.__file__).read_text().count("_by_hand(") == len(FORMULAS)
