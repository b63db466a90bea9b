"""Bound methods and partial objects as functions: the receiver's attributes are captured data, read at every call."""

import functools

import pytest
import tapeless as tl


class Spring:
    def __init__(self, stiffness: float) -> None:
        self.stiffness = stiffness

    def energy(self, x, factor=0.5):
        return factor * self.square(x) * self.stiffness

    def square(self, x):
        return x * x

    def leaks(self, x):
        return self

    @tl.jit
    def force(self, x):
        return -tl.grad(lambda z: self.energy(z))(x)


def test_a_method_is_compiled_and_differentiated():
    s = Spring(3.0)
    assert tl.jit(s.energy)(2.0) == s.energy(2.0)
    assert tl.grad(s.energy)(2.0) == 6.0
    assert tl.grad(tl.grad(s.energy))(2.0) == 3.0


def test_attributes_are_read_at_every_call():
    s = Spring(3.0)
    slope = tl.grad(s.energy)
    assert slope(2.0) == 6.0
    s.stiffness = 5.0
    assert slope(2.0) == 10.0
    assert len(slope.signatures) == 1


def test_a_transform_can_decorate_a_method():
    assert Spring(3.0).force(2.0) == -6.0
    assert Spring(4.0).force(2.0) == -8.0


def test_the_receiver_itself_is_no_value():
    with pytest.raises(tl.TapelessError, match="cannot be used as a value"):
        tl.jit(Spring(1.0).leaks)(1.0)


def test_a_missing_attribute_is_named():
    s = Spring(1.0)
    del s.stiffness
    with pytest.raises((tl.TapelessError, AttributeError), match="has no attribute"):  # AttributeError once compiled
        tl.jit(s.energy)(1.0)


def test_a_partial_object_is_a_function():
    def f(a, b, c=1.0):
        return a * b * b * c

    assert tl.grad(functools.partial(f, 3.0))(2.0) == 12.0
    assert tl.grad(functools.partial(f, c=2.0), argnums=1)(3.0, 2.0) == 24.0
