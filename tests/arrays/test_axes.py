"""Axes, and what else must be known while compiling, as arguments and defaults of helpers and from outside."""

from functools import partial

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, same

X = np.arange(6.0).reshape(2, 3) - 1.5
Y = np.sin(np.arange(24.0)).reshape(2, 3, 4)


def softmax(z, axis=-1, keepdims=True):
    e = np.exp(z - np.max(z, axis=axis, keepdims=keepdims))
    return e / np.sum(e, axis=axis, keepdims=keepdims)


def summed(z, axis):
    return np.sum(z, axis)


def both(z):
    return np.sum(softmax(z) ** 2 + softmax(z, 0) * softmax(z.T, axis=1).T) + np.sum(
        summed(z, axis=0) ** 2 * summed(z.T, 1)
    )


def test_an_axis_of_a_helper():
    same(tl.jit(both)(X), both(X), 1e-14)
    same(tl.jit(softmax)(X), softmax(X), 1e-14)
    check_derivatives(both, (X,))


# -- arguments of helpers, in any form ---------------------------------------------------------------------------------
def standardized(z, axes=(-1,), eps=1e-5):
    mean = z.mean(axis=axes, keepdims=True)
    return (z - mean) / np.sqrt(((z - mean) ** 2).mean(keepdims=True, axis=axes) + eps)


def moved_by(z, axes):
    return z.transpose(axes)


def spread(z, *axes):
    return z.transpose(*axes)


def unpacked(z, axes):
    return z.transpose(*axes)


def reduced(z, axis, kept):
    return z.sum(axis=axis, keepdims=kept)


def applied(f, z, k):
    return f(z, axis=k)


def of_partial(z, k):
    return partial(np.sum, axis=k, keepdims=True)(z)


HELPED = {
    "the default, and others": lambda z: np.sum(
        standardized(z) * standardized(z, (0, 1)) * standardized(z, axes=(1, 2), eps=1e-3)
    ),
    "keywords of a method": lambda z: np.sum(reduced(z, 0, True) * reduced(z, axis=1, kept=True)),
    "an int, a tuple and None": lambda z: (
        reduced(z, 2, False).sum() + reduced(z, (0, 1), True).std() + reduced(z, None, False)
    ),
    "a permutation": lambda z: np.sum(moved_by(z, (1, 0, 2))[0] ** 2) * moved_by(z, (2, 0, 1))[1].sum(),
    "packed": lambda z: np.sum(spread(z, 1, 0, 2)[0] ** 2) * spread(z, 2, 0, 1)[1].sum(),
    "unpacked": lambda z: np.sum(unpacked(z, (1, 0, 2))[0] ** 2) * unpacked(z, (2, 0, 1))[1].sum(),
    "of a function that is an argument": lambda z: applied(np.sum, z, 0).std() + applied(standardized_sum, z, (1,)),
    "by keyword only": lambda z: np.sum(z * passed_on(z, 0, 1, True)) + passed_on(z, 0, 2, False).std(),
    "beside a number that is not known": lambda z: np.sum(rolled(z, 0, (1,)) ** 2),
    "a result": lambda z: np.sum(z.transpose(permutation())[0] ** 2),
    "in a partial": lambda z: of_partial(z, 0).std() + of_partial(z, (1, 2)).std(),
}  # fmt: skip


def kept_by_name(z, *axes, kept=False):
    return z.sum(axis=axes, keepdims=kept)


def passed_on(z, a, b, kept):
    return kept_by_name(z, a, b, kept=kept)


def rolled(z, n, axes):
    z = np.roll(z, n, axes) + 1.0
    return z if z[0, 0, 0] > 20.0 else rolled(z, n + 1, axes)


def permutation():
    return (1, 0, 2)


def standardized_sum(z, axis):
    return np.sum(standardized(z, axis) ** 3)


@pytest.mark.parametrize("f", HELPED.values(), ids=HELPED)
def test_of_a_helper(f):
    same(tl.jit(f)(Y), f(Y), 1e-13)
    check_derivatives(f, (Y,))


def square(z, axis=0):
    return (z.sum(axis=axis) ** 2).sum()


def test_of_what_is_differentiated():
    """The function's own defaults, and what it is called with inside of compiled code."""
    by_first = 2.0 * np.broadcast_to(Y.sum(axis=0), Y.shape)
    same(tl.grad(square)(Y), by_first, 1e-14)
    same(tl.value_and_grad(square)(Y)[0], square(Y), 1e-14)
    same(tl.jvp(square, (Y,), (Y,))[1], 2.0 * float(square(Y)), 1e-14)
    same(tl.vjp(square, Y)[1](1.0)[0], by_first, 1e-14)
    same(tl.jit(lambda z: tl.grad(square)(z))(Y), by_first, 1e-14)
    same(tl.jit(lambda z: tl.jvp(square, (z,), (z,))[1])(Y), 2.0 * float(square(Y)), 1e-14)
    same(tl.jit(lambda z: tl.vjp(square, z)[1](1.0)[0])(Y), by_first, 1e-14)
    for axes in (1, (0, 2)):
        expected = 2.0 * np.broadcast_to(Y.sum(axis=axes, keepdims=True), Y.shape)
        same(tl.jit(by_closure_gradient(axes))(Y), expected, 1e-14)
    check_derivatives(lambda z: tl.grad(square)(z).std() * tl.grad(lambda w: square(w, (1, 2)))(z).std(), (Y,))


def by_closure_gradient(axes):
    return lambda z: tl.grad(square)(z, axes)


@pytest.mark.parametrize("axis", ["None if n > 0 else 1", "(0,) if n > 0 else 1", "(0,) if n > 0 else (0, 1)"])
@pytest.mark.parametrize(
    "call", ["np.sum(z, axis=axis)", "np.concatenate(z, axis)", "z.mean(axis)", "np.flip(z, axis)"]
)
def test_an_axis_of_one_path(call, axis):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(z, n):\n    axis = {axis}\n    return {call}\n")
    with pytest.raises(tl.InferenceError, match=r"an axis must be known|cannot be interpreted as an integer"):
        tl.jit(f)(Y, 1)


LOOPS = {
    "over axes": """
    out = 0.0
    for axis in range(z.ndim):
        out += np.sum(z.sum(axis=axis, keepdims=True) ** 3)
    return out
""",
    "over tuples of axes": """
    out = 0.0
    for axes in ((0, 1), (1, 2), (0, 2)):
        out += np.sum(z.sum(axis=axes) ** 3)
    return out
""",
    "a tuple that the loop changes": """
    axes = (0, 1, 2)
    for _ in range(3):
        z = z.transpose(axes) ** 2
        axes = (axes[1], axes[2], axes[0])
    return z[0].sum()
""",
    "recursion": """
    def reduced(y, axis):
        return y[0, 0, 0] if axis < 0 else reduced(np.sum(y**2, axis=axis, keepdims=True), axis - 1)
    return reduced(z, 2)
""",
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_in_loops(body):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(z):\n{body}")
    same(tl.jit(f)(Y), f(Y), 1e-13)
    check_derivatives(f, (Y,))


@pytest.mark.parametrize(
    "call",
    ["np.sum(z, axis=1.0)", "np.sum(z, axis=True)", "np.stack([z, z], axis=None)", "np.concatenate((z, z), 0.5)"],
)
def test_no_axis(call):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(z):\n    return {call}\n")
    with pytest.raises(TypeError) as theirs:
        f(Y)
    with pytest.raises(tl.InferenceError) as ours:
        tl.jit(f)(Y)
    assert str(theirs.value) in str(ours.value)


# -- from outside ----------------------------------------------------------------------------------------------------
AXIS, AXES, LAYERS = 1, (0, 2), 2


def by_global(z):
    return np.sum(z, axis=AXIS)


def network(layers, x):
    for i in range(LAYERS):
        w, b = layers[i]
        x = np.tanh(x @ w + b)
    return x.sum()


class Sum:
    def __init__(self, axis):
        self.axis = axis

    def of(self, z):
        return z.sum(axis=self.axis)


def by_closure(axis):
    return lambda z: z.max(axis=axis)


def test_an_axis_from_outside(monkeypatch):
    compiled, text = tl.jit(by_global), tl.jit(by_global)
    for axis in (1, 0, 1):
        monkeypatch.setitem(globals(), "AXIS", axis)
        same(compiled(X), by_global(X))
    assert "sum:01" in text.ir("infer", X)
    for axis in (0, 1):
        same(tl.jit(by_closure(axis))(X), by_closure(axis)(X))
        same(tl.jit(Sum(axis).of)(X), Sum(axis).of(X))
    monkeypatch.setitem(globals(), "AXIS", 0.5)
    with pytest.raises(tl.InferenceError, match="'float' object cannot be interpreted as an integer"):
        compiled(X)


def by_globals(z):
    return np.sum(z, axis=AXES)


def test_axes_from_outside(monkeypatch):
    """Tuples of ints are read as constants too: another tuple, another kernel."""
    compiled = tl.jit(by_globals)
    for axes in ((0, 2), (1,), (0, 1, 2), (2, 0), (0, 2)):
        monkeypatch.setitem(globals(), "AXES", axes)
        same(compiled(Y), by_globals(Y))
    for axes in ((0, 1), None, (2,), 1):
        same(tl.jit(by_closure(axes))(Y), by_closure(axes)(Y))
        same(tl.jit(Sum(axes).of)(Y), Sum(axes).of(Y))
    monkeypatch.setitem(globals(), "AXES", (0, 1.5))
    with pytest.raises(tl.InferenceError, match="an axis must be known while compiling"):
        compiled(Y)
    with pytest.raises(tl.InferenceError, match=r"(?s)an axis must be known.*as in `lambda x: f\(x, 1\)`"):
        tl.jit(moved_by)(Y, (1, 0, 2))


def test_a_number_of_layers_from_outside(monkeypatch):
    layers = ((np.ones((3, 4)), np.zeros(4)), (np.ones((4, 2)), 0.5))
    gradient = tl.grad(network, 1)
    for count in (2, 1, 2):
        monkeypatch.setitem(globals(), "LAYERS", count)
        h = 1e-6
        moved = [(network(layers, X[0] + h * e) - network(layers, X[0] - h * e)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(gradient(layers, X[0]), moved, atol=1e-8)
