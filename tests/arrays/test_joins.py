"""Variables that are a number or None on one path and an array on another; ints of NumPy where Python wants one."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import same

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


# -- ints of NumPy where Python wants one ------------------------------------------------------------------------------
def ints(k):
    d = [10, 20, 30]
    return sum([d[v] for v in k]), [1.0] * k[0], (1, 2, 3)[k[1]], round(k[0])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_ints_of_numpy(dtype):
    k = np.array([2, 1], dtype=dtype)
    assert tl.jit(ints)(k) == ints(k)
