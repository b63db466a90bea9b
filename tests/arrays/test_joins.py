"""Variables that are a number or None on one path and an array on another; axes that helpers take as arguments."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, same

X = np.arange(6.0).reshape(2, 3) - 1.5


def total(x):
    acc = 0.0
    for row in x:
        acc = acc + row
    return acc


def best(x):
    found = None
    for v in x:
        c = v * x[0]
        if found is None or c.sum() > found.sum():
            found = c
    return found


OF_BOTH = [
    "np.mean(v)",
    "np.var(v)",
    "np.std(v)",
    "np.sum(v)",
    "np.max(v)",
    "np.exp(v) + 1.0",
    "np.shape(v)",
    "np.ndim(v)",
]
OF_ARRAYS = [
    "np.zeros_like(v)", "np.full_like(v, 2)", "np.copy(v)", "np.ravel(v)", "np.flip(v)", "np.roll(v, 1)", "v.mean()",
    "np.reshape(v, -1)", "np.transpose(v)", "np.interp(v, v, v)", "v.T", "v.shape", "v.copy()", "len(v)", "v[0]",
    "np.allclose(v, v)", "np.size(v)",
]  # fmt: skip


def program(expression, make):
    text = f"import numpy as np\n\n\ndef f(x, make):\n    v = make(x)\n    return {expression}\n"
    f = tl.from_source(text)
    return lambda x: f(x, make)


@pytest.mark.parametrize("expression", OF_BOTH + OF_ARRAYS)
@pytest.mark.parametrize("make", [total, best])
def test_as_in_numpy(expression, make):
    f = program(expression, make)
    same(tl.jit(f)(X), f(X), 1e-14)


@pytest.mark.parametrize("expression", OF_BOTH)
def test_of_a_number(expression):
    f = program(expression, total)
    same(tl.jit(f)(X[:0]), f(X[:0]))


@pytest.mark.parametrize("expression", ["v.mean()", "v.shape", "v.T"])
@pytest.mark.parametrize("make", [total, best])
def test_an_attribute_that_is_not_there(expression, make):
    f = program(expression, make)
    with pytest.raises(AttributeError) as theirs:
        f(X[:0])
    with pytest.raises(AttributeError) as ours:
        tl.jit(f)(X[:0])
    assert str(ours.value) == str(theirs.value)


# -- axes -------------------------------------------------------------------------------------------------------------
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


AXIS, LAYERS = 1, 2


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
    with pytest.raises(tl.InferenceError, match="an axis must be known while compiling"):
        compiled(X)


def test_a_number_of_layers_from_outside(monkeypatch):
    layers = ((np.ones((3, 4)), np.zeros(4)), (np.ones((4, 2)), 0.5))
    gradient = tl.grad(network, 1)
    for count in (2, 1, 2):
        monkeypatch.setitem(globals(), "LAYERS", count)
        h = 1e-6
        moved = [(network(layers, X[0] + h * e) - network(layers, X[0] - h * e)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(gradient(layers, X[0]), moved, atol=1e-8)


# -- ints of NumPy where Python wants one ------------------------------------------------------------------------------
def ints(k):
    d = [10, 20, 30]
    return sum([d[v] for v in k]), [1.0] * k[0], (1, 2, 3)[k[1]], round(k[0])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_ints_of_numpy(dtype):
    k = np.array([2, 1], dtype=dtype)
    assert tl.jit(ints)(k) == ints(k)
