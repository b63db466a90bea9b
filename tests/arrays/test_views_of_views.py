"""Views of an array that is written to: NumPy's answers, also of views of views, whose types do not grow."""

import itertools

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same

M = np.arange(12.0).reshape(3, 4)
VIEWS = {
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1],
    "part": lambda a: a[..., 1:],
    "every second": lambda a: a[::-2],
    "with an axis": lambda a: a[:, None],
    "with an axis before": lambda a: a[None],
    "of one": lambda a: a[..., -1:],
    "nothing of an axis": lambda a: a[..., None, 1:],
    "row": lambda a: a[0, None],
    "in a line": lambda a: a.reshape(-1),
}


def changed(*views):
    first, second, third = views

    def f(x):
        a = x.copy()
        b = third(second(first(a)))
        b *= 2.0
        b[...] = b[::-1] + 1.0
        return a, b

    return f


@pytest.mark.parametrize("names", list(itertools.combinations_with_replacement(VIEWS, 2)), ids="-".join)
def test_as_in_numpy(names):
    rest = list(VIEWS)
    third = (
        rest[hash(names) % len(rest)]
        if len(names) < 2
        else rest[(rest.index(names[0]) * 3 + rest.index(names[1])) % len(rest)]
    )
    for order in ((*names, third), (third, *names[::-1])):
        f = changed(*(VIEWS[n] for n in order))
        try:
            same(tl.jit(f)(M), outcome(f, (M,)))
        except tl.InferenceError as error:
            assert "this array is written to while it has another name" in str(error)
            assert "in a line" in order[1:]  # of what need not follow one another: NumPy may copy


def through_an_axis(x, n):
    a = x.copy()
    b = a
    for i in range(n):
        b = b[:, None][:, 0]
        b[i] += b[-1] * b[i - 1]
    return np.sum(a * a)


def transposed_and_cut(x, n):
    a = x.copy()
    b = a
    for i in range(n):
        b = b[1:, ::-1].T
        b[i] *= 2.0
    return np.sum(a * a) + np.sum(b)


def with_axes_in_turn(x, n):
    a = x.copy()
    b = a[None]
    for i in range(n):
        b = b[..., None].T[0, ::-1, :, None][..., 0].T
        b[0, i] += b[0, -1] * 0.5
    return np.sum(a * a)


SQUARE = np.outer(np.arange(5.0), np.arange(5.0) - 2.5)
LOOPS = [(through_an_axis, M[0]), (transposed_and_cut, SQUARE), (with_axes_in_turn, M[1])]


@pytest.mark.parametrize("f, x", LOOPS, ids=lambda f: getattr(f, "__name__", ""))
def test_views_of_views_in_a_loop(f, x):
    for n in range(3):
        same(tl.jit(f)(x, n), outcome(f, (x, n)))
    check_derivatives(lambda u: f(u, 2), (x,))


def test_what_is_transposed_twice_is_the_array():
    def f(x):
        a = x * 2.0
        b = a.T.T
        b.T[1] *= 7.0
        return b, a[:, ::-1][:, ::-1]

    same(tl.jit(f)(M), outcome(f, (M,)))


T = np.arange(24.0).reshape(2, 3, 4)
MAYBE = {  # NumPy gives a view for some sizes and strides, and a copy for others
    "line": (M[0], lambda a: a[::-1].reshape(2, 2)),
    "raveled line": (M[0], lambda a: a[::-1].ravel()),
    "raveled part": (M[0], lambda a: a[:1].ravel()),
    "column": (M, lambda a: a[:, :1].reshape(-1)),
    "columns": (M, lambda a: a[:, 1:].ravel()),
    "row": (M, lambda a: a[1:2].T.ravel()),
    "transposed": (M, lambda a: a.T.reshape(4, 3)),
    "raveled": (M, lambda a: a.T.ravel()),
    "every second": (M, lambda a: a[:, ::2].reshape(3, 1, 2)),
    "merged": (T, lambda a: a[:, 1:].reshape(2, 8)),
    "copied": (T, lambda a: a[:, 1:].reshape(4, 4)),
    "split": (T, lambda a: a[:, :, ::-1].reshape(2, 3, 2, 2)),
    "einsum": (SQUARE, lambda a: np.einsum("ii->i", a)),
    "one of many": (M, lambda a: np.take(a, 0, axis=0)),
}
READ_ONLY = {
    "broadcast": (M[0], lambda a: np.broadcast_to(a, (2, 4))),
    "diagonal": (M, lambda a: np.diagonal(a)),
    "diag": (M, lambda a: np.diag(a)),
}


def written(view, first):
    def of_source(x):
        a = x.copy()
        b = view(a)
        a *= 2.0
        a[-1] = 7.0
        return a, b * 1.0

    def of_view(x):
        a = x.copy()
        b = view(a)
        b += 1.0
        return a, b * 1.0

    return of_source if first else of_view


@pytest.mark.parametrize("first", (True, False), ids=("source", "view"))
@pytest.mark.parametrize("name", MAYBE)
def test_what_may_be_a_copy(name, first):
    """Right, or refused."""
    x, view = MAYBE[name]
    f = written(view, first)
    try:
        same(tl.jit(f)(x), outcome(f, (x,)))
        assert name in ("line", "raveled part", "one of many")
    except tl.InferenceError as error:
        assert "this array is written to while it has another name" in str(error)
        assert name not in ("line", "one of many")


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_views(name):
    x, view = READ_ONLY[name]
    with pytest.raises(tl.InferenceError, match="this array is written to while it has another name"):
        tl.jit(written(view, True))(x)
    with pytest.raises(tl.InferenceError, match="which NumPy refuses for what `broadcast_to`, `diag`"):
        tl.jit(written(view, False))(x)
    assert isinstance(outcome(written(view, False), (x,)), ValueError)


def test_a_reshaped_view_whose_array_is_changed_through_another_name():
    def f(x):
        a = x.copy()
        b = a[1:]
        c = a.T.ravel()
        b *= 2.0
        return c.sum()

    def g(x):
        a = x.copy()
        b = a[1:]
        b *= 2.0
        return a.T.ravel().sum()

    with pytest.raises(tl.InferenceError, match="this array is written to while it has another name"):
        tl.jit(f)(M)
    same(tl.jit(g)(M), outcome(g, (M,)))


def test_sizes_that_are_known_late():
    """That `len(y)` is 1 is not known in inference, but when the nodes are made."""

    def f(x, y):
        a = x.copy()
        b = a[::-1].reshape(len(y), -1)
        b += 1.0
        c = np.reshape(a[::-1], (-1,))
        c[0] += y[0]
        return a, b * 2.0, c * 1.0

    def in_a_branch(x):
        a = np.ones(1)
        b = a[::-1].reshape(-1) if x > 0.0 else a
        b[0] = 5.0
        return a, b * 1.0

    for x, y in ((np.ones(1), np.ones(1)), (np.arange(3.0), np.ones(1)), (np.arange(4.0), np.ones(2))):
        same(tl.jit(f)(x, y), outcome(f, (x, y)))
    for x in (1.0, -1.0):
        same(tl.jit(in_a_branch)(x), outcome(in_a_branch, (x,)))
