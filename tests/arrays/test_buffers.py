"""Loops that hand arrays from one name to another and write to them: NumPy's answers, and derivatives."""

import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same
from buffer_programs import APART, SHARED, V


@pytest.mark.parametrize("f", APART + SHARED, ids=lambda f: f.__name__)
def test_as_in_numpy(f):
    compiled = tl.jit(f)
    for n in range(1, 6):
        same(compiled(V, n), outcome(f, (V, n)))


@pytest.mark.parametrize("f", APART, ids=lambda f: f.__name__)
def test_derivatives(f):
    check_derivatives(lambda u: f(u, 1), (V,))
    check_derivatives(lambda u: f(u, 4), (V,))


@pytest.mark.parametrize("f", SHARED, ids=lambda f: f.__name__)
def test_one_array_under_two_names(f):
    """Right, or refused."""
    try:
        check_derivatives(lambda u: f(u, 3), (V,))
    except tl.DifferentiationError as error:
        assert "may mean more than one array" in str(error) or "that it did not make" in str(error)
