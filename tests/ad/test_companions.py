"""How many graphs are made of a function with companions, and what is handed to them."""

import pytest
import tapeless as tl
from tapeless import driver
from tapeless.ad.companions import MOST
from tapeless.driver import Transform
from tapeless.signature import key_of


def derivatives(name, f, args):
    """Of all graphs that the gradient of f by all floats has for its inner function of a name, the first lines."""
    by = tuple(i for i, a in enumerate(args) if isinstance(a, float))
    program = driver.read(f)
    signature = tuple(map(key_of, (*program.fetch(f), *args)))
    text = driver.text(program, (Transform("value_and_grad", by, "forward"),), signature, "grad")
    return [line for line in text.splitlines() if line.startswith(f"graph @`▷{f.__name__}.{name}")]


def changes_all(a, b, c, d):
    """No tangent is known after some steps."""

    def steps(x, y, z, w, n):
        return x * y + z * w if n == 0 else steps(y, z, w, x * w, n - 1)

    return steps(a, b, c, d, 20)


def changes_one(x, n):
    def steps(x, n):
        return x if n == 0 else steps(x * x, n - 1)

    return steps(x, n)


def keeps_one(x, n):
    """The recursion hands x on as it is: that its tangent is 1 stays known."""

    def steps(x, n):
        return 1.0 if n == 0 else x * steps(x, n - 1)

    return steps(x, n)


def from_many_places(a, b, c, d):
    def steps(x, n):
        return 1.0 if n == 0 else x * steps(x, n - 1)

    return steps(a, 3) + steps(b, 4) + steps(c, 5) + steps(d, 6) + steps(a * b, 7) + steps(c * d, 8)


FLOATS = (1.1, 0.9, 1.2, 0.8)


@pytest.mark.parametrize("f, args", [(changes_all, FLOATS), (changes_one, (1.1, 3))])
def test_a_recursion_that_changes_what_is_known_is_one_graph(f, args):
    (steps,) = derivatives("steps", f, args)
    directions = sum(isinstance(a, float) for a in args)
    assert steps.split(" -> ")[0].count(": float") == directions + directions**2


def test_a_recursion_is_not_handed_what_stays_known():
    (steps,) = derivatives("steps", keeps_one, (1.1, 3))
    assert "(%x: float, %n: int)" in steps


def test_calls_that_know_different_things_make_few_graphs():
    assert len(derivatives("steps", from_many_places, FLOATS)) <= MOST


def test_a_single_companion_has_no_number():
    (steps,) = derivatives("steps", changes_one, (1.1, 3))
    assert "(%x: float, %n: int, %d_x: float)" in steps
    (steps,) = derivatives("steps", changes_all, FLOATS)
    assert "%d4_x: float, %d1_y: float" in steps


@pytest.mark.parametrize("f", [changes_all, from_many_places])
def test_gradients_agree_with_reverse_mode(f):
    got, want = (tl.grad(f, (0, 1, 2, 3), mode)(*FLOATS) for mode in ("forward", "reverse"))
    assert got == pytest.approx(want, rel=1e-12)
