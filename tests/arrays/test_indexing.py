"""Arrays and masks as indices, and what takes, sorts, searches and counts: against NumPy; derivatives; writing."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(3)
V, M, T = RNG.standard_normal(5), RNG.standard_normal((3, 4)), RNG.standard_normal((2, 3, 4))
K = np.array([[2, -1, 3], [0, 3, 3]])
I, J, NONE = np.array([0, 1, -1]), np.array([[0], [-1]]), np.zeros(0, int)
WRONG, TWO = np.array([0, 9]), np.array([0, 1])

# -- indices ----------------------------------------------------------------------------------------------------------
OF_ANY = [
    lambda x: x[I], lambda x: x[J], lambda x: x[I][1:], lambda x: x[NONE], lambda x: x[WRONG], lambda x: x[-I - 1],
    lambda x: x[x > 0], lambda x: x[x > 5.0], lambda x: x[..., J], lambda x: x[None, I], lambda x: x[I] * 2 + x[I],
    lambda x: x[x != x], lambda x: np.sum(x[x > 0.1] ** 2), lambda x: x[np.arange(len(x))], lambda x: x[I, None],
    lambda x: x[V], lambda x: x[np.zeros(2) == 0], lambda x: np.take(x, I),
    lambda x: np.take(x, -1), lambda x: x.take(J, axis=0), lambda x: np.take(x, NONE, axis=-1),
    lambda x: np.take(x, WRONG),
    lambda x: np.nonzero(x > 0), lambda x: np.flatnonzero(x), lambda x: np.argwhere(x > 0), lambda x: np.where(x > 0),
    lambda x: x.nonzero()[0], lambda x: np.sort(x), lambda x: np.argsort(x), lambda x: np.sort(x, axis=0),
    lambda x: np.sort(x, axis=None), lambda x: x.argsort(axis=0), lambda x: np.sort(x * x, kind="stable"),
    lambda x: np.searchsorted(V[:3], x), lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
    lambda x: np.take_along_axis(x, np.argsort(x), axis=-1), lambda x: np.take_along_axis(x, I, axis=None),
    lambda x: np.take_along_axis(x, I, 0),
]  # fmt: skip
OF_MATRICES = [
    lambda x: x[I, I], lambda x: x[J, I], lambda x: x[1, I], lambda x: x[I, 1], lambda x: x[:, I], lambda x: x[1:, I],
    lambda x: x[I, ::-2], lambda x: x[None, I, 1:], lambda x: x[I, None, I], lambda x: x[I, ...],
    lambda x: x[..., I, 0],
    lambda x: x[x[:, 0] > 0], lambda x: x[:, x[0] > 0], lambda x: x[x[:, 0] > 0, 1], lambda x: x[x > 0][1:],
    lambda x: x[x[:, 0] > 0, 1:], lambda x: x[J, J], lambda x: x[I, TWO], lambda x: x[I, WRONG[:1]],
    lambda x: x[NONE, WRONG[1:]], lambda x: x[J, J, J], lambda x: x[x[0] > 0], lambda x: x[I, :][:, I],
    lambda x: x[np.arange(len(x)), np.argmax(x, axis=1)], lambda x: x[x > 0, 0], lambda x: np.sort(x, axis=0)[0],
]  # fmt: skip
OF_CUBES = [
    lambda x: x[I - 1, :, I], lambda x: x[:, I, J], lambda x: x[0, :, I], lambda x: x[None, J, ..., J, J],
    lambda x: x[x[:, :, 0] > 0], lambda x: x[:, x[0] > 0], lambda x: x[0, ::-2, I], lambda x: x[J, None, 1:, I],
    lambda x: np.sort(x, axis=1), lambda x: np.argwhere(x), lambda x: x[..., None, I], lambda x: x[J, I],
    lambda x: np.take(x, J, axis=1),
]  # fmt: skip
CASES = [(f, 1) for f in OF_ANY] + [(f, 2) for f in OF_MATRICES] + [(f, 3) for f in OF_CUBES]
ARRAYS = [V, V[::-2], V[:0], V[:1], M, M.T, M[:, ::2], M[:0], M[:, :0], M[:1], T, T[:, ::-1, 1:], K, K > 0]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_in_numpy(case):
    f, rank = CASES[case]
    compiled = tl.jit(f)
    for a in ARRAYS:
        if a.ndim >= rank:
            same(outcome(compiled, (a,)), outcome(f, (a,)), 1e-14)


def lists(x):
    y = x * 1.0
    y[[0, -1], [1, 0]] += 1.0
    y[[True, False, True]] *= 2.0
    return y[:, [0, 2]], y[[[0], [1]], [0, 1]]


def test_lists_as_indices():
    same(tl.jit(lists)(M), lists(M))


COUNTS = [
    lambda i, w: np.bincount(i), lambda i, w: np.bincount(i, minlength=7), lambda i, w: np.bincount(i, w),
    lambda i, w: np.bincount(i, weights=w[:2]), lambda i, w: np.bincount(i - 1), lambda i, w: np.bincount(i[:0]),
    lambda i, w: np.bincount(i > 1), lambda i, w: np.bincount(i, i),
    lambda i, w: np.bincount(i, minlength=-1), lambda i, w: np.searchsorted(np.sort(w), w, side="right"),
    lambda i, w: np.searchsorted(np.sort(i), i), lambda i, w: np.searchsorted(np.sort(i), 1.5),
    lambda i, w: np.searchsorted(np.sort(i), i, "right"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(COUNTS)))
def test_counts_and_searches(case):
    f, args = COUNTS[case], (np.array([0, 3, 1, 3]), np.array([0.5, np.nan, -1.0, 2.0]))
    same(outcome(tl.jit(f), args), outcome(f, args))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 31, 1000])
def test_sorting(n):
    """Nan last; ties in their order."""
    for x in (RNG.standard_normal(n), RNG.integers(-5, 5, n), RNG.integers(0, 2, n) > 0, RNG.integers(0, 9, n) / 1.0):
        if x.dtype == float:
            x[::7] = np.nan
        same(tl.jit(lambda x: np.sort(x))(x), np.sort(x))
        same(tl.jit(lambda x: np.argsort(x))(x[::-1]), np.argsort(x[::-1], kind="stable"))


# -- derivatives ------------------------------------------------------------------------------------------------------
DERIVED = [
    lambda x: np.sum(x[I] ** 3), lambda x: np.sum(x[x > 0] ** 2 * 1.5), lambda x: np.sum(np.sin(x[J]) * x[I]),
    lambda x: np.sum(np.sort(x)[1:] ** 3), lambda x: np.sum(np.take(x, I) * np.take(x, -I)),
]  # fmt: skip
DERIVED_OF_MATRICES = [
    lambda x: np.sum(x[I, 1:] ** 3), lambda x: np.sum(x[:, I] * x[:, -I] * x[0, 0]), lambda x: np.sum(x[J, I] ** 3),
    lambda x: np.sum(x[np.arange(len(x)), np.argmax(x, axis=1)] ** 3), lambda x: np.sum(x[x[:, 0] > 0] ** 3),
    lambda x: np.sum(np.sort(x, axis=0) ** 3 * np.arange(4.0)), lambda x: np.sum((x[I] @ x[0]) ** 2),
    lambda x: np.sum(x[..., I] ** 2 * x[..., :1]),
]  # fmt: skip


POINTS = [(f, a) for f in DERIVED for a in (V, V[::-1], M, M.T)] + [
    (f, a) for f in DERIVED_OF_MATRICES for a in (M, M[::-1])
]


@pytest.mark.parametrize("case", range(len(POINTS)))
def test_derivatives(case):
    """Of first and second order."""
    f, a = POINTS[case]
    check_derivatives(f, a)


def check_derivatives(f, a):
    gradient = tl.grad(f)
    np.testing.assert_allclose(gradient(a), differences(f, (a,), 0), rtol=1e-6, atol=1e-7)
    weights = np.cos(np.arange(a.size)).reshape(a.shape)
    second = tl.grad(lambda x: np.sum(tl.grad(f)(x) * weights))(a)
    expected = differences(lambda x: np.sum(gradient(x) * weights), (a,), 0)
    np.testing.assert_allclose(second, expected, rtol=1e-5, atol=1e-6)


# -- writing ----------------------------------------------------------------------------------------------------------
def put_elements(x):
    y = x * 1.0
    y[I] = 7.0
    y[J] = y[I[:1]]
    return y


def twice_the_same(x):
    y = x * 1.0
    y[I * 0] = x[I] * 3.0
    return y


def added_once(x):
    y = x * 1.0
    y[I * 0] += x[I]
    y[-1 - I] *= 2.0
    return y


def under_a_mask(x):
    y = x * 1.0
    y[y > 0.5] = -1.0
    y[x < 0] *= 3.0
    y[y > 0] = y[y > 0] * x[y > 0]
    return y


def of_a_copy(x):
    y = x * 1.0
    y[I][0] = 5.0
    y[I[:2]][:1] += x[:1]
    return y


def out_of_range(x):
    y = x * 1.0
    y[WRONG] = 0.0
    return y


def of_another_size(x):
    y = x * 1.0
    y[x > -9] = np.zeros(2)
    return y


def an_empty_selection(x):
    y = x * 1.0
    y[NONE] = 5.0
    y[x > 99] = x[:1].ravel()
    return y


def another_name(x):
    y = x * 1.0
    z = y
    y[I] = 0.5
    y[y > 0.6] = 0.25
    w = z[I]
    z[0] = 3.0
    return y * 1 + z, w


def columns(x):
    y = x * 1.0
    y[:, I] = x[:, :1]
    y[1, I] += 1.0
    y[I, 1] = x[0, 1]
    y[x[:, 0] > 0] = x[0]
    y[x[:, 0] > 0, 1:] *= 2
    y[:, x[0] > 0] = 0.5
    y[None, I, ::-2] = x[0, ::-2]
    return y


def argument(x):
    x[I] += 1
    x[x > 2] = 0
    return x[0]


WRITES = [put_elements, twice_the_same, added_once, under_a_mask, of_a_copy, out_of_range, of_another_size]
WRITES += [an_empty_selection, another_name]


@pytest.mark.parametrize("f", [*WRITES, columns])
def test_writing(f):
    for a in (V, V[::-2], M, M.T, K[0], M[:, ::-2], V[:0]):
        if f is not columns or a.ndim == 2:
            same(outcome(tl.jit(f), (a,)), outcome(f, (a,)))


@pytest.mark.parametrize("x", [V, np.repeat(V, 2)[::2], K])
def test_arguments_are_written_to(x):
    ours, theirs = np.repeat(x, 2, axis=0)[::2], x.copy()
    same(tl.jit(argument)(ours), argument(theirs))
    np.testing.assert_array_equal(ours, theirs)


WRITTEN = [put_elements, twice_the_same, added_once, under_a_mask, of_a_copy]


@pytest.mark.parametrize("f", [*WRITTEN, columns])
def test_derivatives_of_writing(f):
    for a in (V, M):
        if f is not columns or a.ndim == 2:
            check_derivatives(lambda x: np.sum(f(x) ** 3), a)


@pytest.mark.parametrize(
    "f, args, message",
    [
        (lambda x: x[I, 0.5], (M,), "are indices so far"),
        (lambda x: np.take(x, I, mode="wrap"), (V,), "`mode`"),
        (lambda x: np.take(x, x), (V,), "Cannot cast"),
        (lambda x: np.bincount(x), (V,), "Cannot cast"),
        (lambda x: np.sort(x, kind="fast"), (V,), "sort kind"),
        (lambda x: x[..., I, ...], (M,), "single ellipsis"),
        (lambda x: np.searchsorted(x, 1.0, sorter=I), (V,), "sorter"),
    ],
)
def test_refused(f, args, message):
    with pytest.raises(tl.TapelessError, match=message):
        tl.jit(f)(*args)
