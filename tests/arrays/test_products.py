"""Products of stacks of matrices against NumPy, over shapes and layouts; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(4)


def floats(*shape):
    return RNG.standard_normal(shape)


def product(a, b):
    return a @ b


PAIRS = [
    ((2, 3, 4), (2, 4, 5)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((1, 3, 4), (2, 4, 5)), ((2, 3, 4), (1, 4, 5)),
    ((2, 1, 3, 4), (5, 4, 2)), ((2, 2, 3, 4), (2, 2, 4, 3)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,)),
    ((0, 3, 4), (0, 4, 5)),
    ((2, 3, 0), (2, 0, 5)), ((2, 0, 4), (2, 4, 5)), ((2, 3, 4), (3, 4, 5)), ((2, 3, 4), (2, 3, 5)),
    ((1, 1, 4), (1, 4, 1)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", PAIRS, ids=str)
def test_stacks_of_matrices(shapes):
    x, y = (floats(*s) for s in shapes)
    double = [np.repeat(v, 2, axis=-1)[..., ::2] for v in (x, y)]
    whole = [(4 * v).astype(np.int32) for v in (x, y)]
    for a, b in ((x, y), double, whole, (x.astype(np.float32), y.astype(np.float32)), (x > 0, y > 0), (x, whole[1])):
        expected = outcome(product, (a, b))
        single = getattr(expected, "dtype", None) == np.float32
        same(outcome(tl.jit(product), (a, b)), expected, *((1e-5, 1e-5) if single else ()))


def attention(q, k, v):
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return np.sum((weights / np.sum(weights, axis=-1, keepdims=True)) @ v * q)


def heads(x, w):
    b, t, _ = x.shape
    y = (x @ w).reshape(b, t, 2, 2).transpose(0, 2, 1, 3)
    return np.sum(np.tanh(y @ y.transpose(0, 1, 3, 2)) @ y)


def broadcast(a, b):
    return np.sum((a[:, None] @ b) ** 2) + np.sum(a[0] @ b[0]) + np.sum((b[0, 0].T @ b) ** 2)


def sliced(a, b):
    return np.sum((a[1:2, :2] @ b[1:]) ** 2) + np.sum((a[1:] @ b[1:2]) ** 2)


DERIVED = [
    (attention, (floats(2, 3, 4), floats(2, 3, 4), floats(2, 3, 4))),
    (heads, (floats(2, 3, 4), floats(4, 4))),
    (broadcast, (floats(2, 3, 4), floats(2, 3, 4, 2))),
    (sliced, (floats(3, 3, 2), floats(3, 2, 2))),
]


@pytest.mark.parametrize(("f", "args"), DERIVED, ids=lambda x: getattr(x, "__name__", ""))
def test_derivatives(f, args):
    same(tl.jit(f)(*args), f(*args))
    found = tl.grad(f, argnums=tuple(range(len(args))))(*args)
    for k, g in enumerate(found):
        np.testing.assert_allclose(g, differences(f, args, k), rtol=1e-6, atol=1e-7)


THIN = [(1000, 80, 10), (1000, 80, 16), (1000, 80, 17), (700, 100, 8), (20, 5000, 1), (15, 8000, 3), (101, 1025, 9)]


@pytest.mark.parametrize("m, k, n", THIN)
def test_thin_matrices(m, k, n):
    """A right operand of few columns does not go through BLAS; the result is the same for any number of threads."""
    rng = np.random.default_rng(m * n)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    cases = [
        (lambda x, y: x @ y, a, b),
        (lambda x, y: x.T @ y, np.ascontiguousarray(a.T), b),
        (lambda x, y: x @ y.T, a, np.ascontiguousarray(b.T)),
        (lambda x, y: x[:, ::2] @ y, np.repeat(a, 2, axis=1), b),
        (lambda x, y: np.matmul(x, y), np.stack((a, a[::-1])), np.stack((b, b * 2.0))),
    ]
    before = tl.get_num_threads()
    try:
        for f, x, y in cases:
            found = []
            for threads in (1, 3):
                tl.set_num_threads(threads)
                found.append(tl.jit(f)(x, y))
            np.testing.assert_allclose(found[0], f(x, y), rtol=1e-11, atol=1e-11)
            if n <= 16 and m >= 16:  # of BLAS nothing is promised
                np.testing.assert_array_equal(*found)
    finally:
        tl.set_num_threads(before)
