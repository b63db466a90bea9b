"""Lists: as in CPython, known length or not, and derivatives through them."""

import copy

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, check_value, differences, ids
from list_programs import ARGUMENTS, DERIVATIVES, PRIMALS, V, loss, params


def same(found, expected):
    """One value as another, through lists and tuples."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for x, y in zip(found, expected):
            same(x, y)
    elif expected is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("f, args", PRIMALS + DERIVATIVES, ids=ids(PRIMALS + DERIVATIVES))
def test_as_in_cpython(f, args):
    check_value(f, args, same)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_derivatives(f, args):
    check_derivatives(f, args)


def item(xs, i):
    return [x * 1.0 for x in xs][i]


def popped(n):
    xs = [i for i in range(n)]
    xs.pop()
    return xs.pop()


def smallest(n):
    return min([i for i in range(n)])


def stored_outside(xs, i):
    ys = [x for x in xs]
    ys[i] = 1.0
    return ys


@pytest.mark.parametrize(
    "f, args", [(item, (V, 5)), (item, (V, -6)), (popped, (1,)), (smallest, (0,)), (stored_outside, (V, 7))]
)
def test_errors_of_cpython(f, args):
    with pytest.raises((IndexError, ValueError)) as theirs:
        f(*args)
    with pytest.raises(type(theirs.value), match=str(theirs.value).replace("(", r"\(").replace(")", r"\)")):
        tl.jit(f)(*args)


def shared(x, n):
    h = []
    for i in range(n):
        h.append(x)
        x[0] = i
    return h[0]


def of_functions(n):
    fs = []
    for i in range(n):
        fs.append(lambda: i)  # noqa: B023
    return len(fs)


def ragged(n):
    return len([np.zeros(i + 2) for i in range(n)])


@pytest.mark.parametrize(
    "f, args, error, message",
    [
        (lambda x, n: shared(x * 1.0, n), (V, 2), tl.InferenceError, "put in a copy"),
        (of_functions, (3,), tl.InferenceError, "whose length is not known while compiling"),
        (ragged, (3,), ValueError, "arrays of different shapes in one list are not supported"),
    ],
)
def test_refusals(f, args, error, message):
    with pytest.raises(error, match=message):
        tl.jit(f)(*args)


def many(n):
    h = []
    for i in range(n):
        h.append(i * 0.5)
    return h[n - 1]


def test_appending_takes_room_of_the_list_only():
    """2 million items in arrays of at most twice the size, not in a copy for each."""
    assert tl.jit(many)(2_000_000) == 999_999.5
    assert tl.grad(lambda x, n: many_of(x, n))(0.5, 100_000) == 99_999


def many_of(x, n):
    h = []
    for i in range(n):
        h.append(i * x)
    return h[n - 1]


STRIDED = [
    lambda x, n: [x[::-1] for i in range(n)][1],
    lambda x, n: np.stack([x[::2] for i in range(n)]),
    lambda x, n: np.stack([x.reshape(2, 4)[:, ::2].T for i in range(n)]),
    lambda x, n: [x.reshape(2, 4)[:, i] * 1.0 if i > 1 else x.reshape(2, 4)[:, i] for i in range(n)][2],
]


@pytest.mark.parametrize("case", range(len(STRIDED)))
def test_rows_that_are_strided(case):
    f, x = STRIDED[case], np.arange(8.0)
    np.testing.assert_array_equal(tl.jit(f)(x, 3), f(x, 3))
    gradient = tl.grad(lambda x, n: np.sum(f(x, n) ** 2))(x, 3)
    np.testing.assert_allclose(
        gradient, differences(lambda x, n: np.sum(f(x, n) ** 2), (x, 3), 0), rtol=1e-7, atol=1e-7
    )


# -- arguments --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("f, args", ARGUMENTS, ids=ids(ARGUMENTS))
def test_arguments(f, args):
    """The result, and what the arguments are afterwards."""
    compiled = tl.jit(f)
    for _ in range(2):
        ours, theirs = copy.deepcopy(args), copy.deepcopy(args)
        same(compiled(*ours), f(*theirs))
        same(ours, theirs)


def test_each_form_is_compiled():
    f = tl.jit(lambda xs: [len(xs), xs])
    for xs in ([], [1.0], [2], (1.0,), [1.0, 2.0], [[1.0], 2.0], [V, None, True], [1.0]):
        same(f(xs), [len(xs), xs])
    assert len(f.signatures) == 7


def test_a_gradient_has_the_form_of_the_list():
    g = tl.grad(loss)(params(), V)
    same(g, [tuple(np.array(x) for x in pair) for pair in g])
    assert [(w.shape, b.shape) for w, b in g] == [((5, 3), (3,)), ((3, 1), (1,))]
    for layer, item, at in [(0, 0, (1, 2)), (0, 1, (2,)), (1, 0, (0, 0)), (1, 1, (0,))]:
        up, down = params(), params()
        up[layer][item][at] += 1e-6
        down[layer][item][at] -= 1e-6
        slope = (loss(up, V) - loss(down, V)) / 2e-6
        np.testing.assert_allclose(g[layer][item][at], slope, rtol=1e-6)


def test_what_has_no_derivative_is_none():
    assert tl.grad(lambda xs: xs[0] * xs[1] * xs[2][0])([2.0, 3, (5.0, None)]) == [15.0, None, (6.0, None)]
    with pytest.raises(tl.DifferentiationError, match="argument 0 is of type list, which has no derivative"):
        tl.grad(lambda xs: 1.0 * xs[0])([2])


def sum_of_squares(xs):
    return np.sum(np.array(xs) ** 2) + sum([x * x for x in xs])


def test_a_list_of_many_numbers():
    """Each is put into an array and its cotangent taken out of one: the work is that of as many steps."""
    xs = [i * 0.1 for i in range(100)]
    np.testing.assert_allclose(tl.grad(sum_of_squares)(xs), np.array(xs) * 4)


def test_other_transforms():
    f = lambda xs: [xs[0] * xs[1], xs[0]]  # noqa: E731
    value, pullback = tl.vjp(f, [2.0, 3.0])
    assert (value, pullback([1.0, 10.0])) == ([6.0, 2.0], ([13.0, 2.0],))
    assert tl.jvp(f, ([2.0, 3.0],), ([1.0, 10.0],)) == ([6.0, 2.0], [23.0, 1.0])
    by_item = tl.grad(lambda xs: tl.grad(lambda ys: ys[0] ** 2 * ys[1])(xs)[0])
    assert by_item([2.0, 3.0]) == [6.0, 4.0]


def descended(ps, x, n):
    for _ in range(n):
        ps = [(w - 0.1 * gw, b - 0.1 * gb) for (w, b), (gw, gb) in zip(ps, tl.grad(loss)(ps, x))]
    return ps


def test_descent_inside_and_outside():
    outside = params()
    for _ in range(3):
        outside = descended(outside, V, 1)
    inside = tl.jit(descended)(params(), V, 3)
    assert loss(inside, V) < loss(params(), V)
    same(inside, outside)


CAPTURED = [1.0, (2.0, [3.0])]


def of_captured(x):
    return x * CAPTURED[0] * CAPTURED[1][1][0] + len(CAPTURED)


def test_captured_lists_are_read_at_each_call():
    f = tl.jit(of_captured)
    assert f(2.0) == of_captured(2.0)
    CAPTURED[0] = 5.0
    assert f(2.0) == of_captured(2.0)
    CAPTURED.append(7.0)
    assert f(2.0) == of_captured(2.0)


def captured_is_changed(x):
    xs = CAPTURED
    xs[0] = x


def appended(xs, x):
    xs.append(x)


def appended_in_a_loop(xs, x):
    for i in range(3):
        xs.append(x * i)
    return xs


def assigned(xs, x):
    xs[0] = x


def item_grows(xs, x):
    xs[0] += x


def extended(xs, x):
    xs += [x]
    return xs


def under_another_name(xs, x):
    ys = (xs, x)[0]
    ys.pop()


def by_a_function(xs, x):
    def put(ys):
        ys[0] = x

    put(xs)


def inner_list(xs, x):
    for ys in [xs, xs]:
        ys.append(x)


def one_of_both(xs, x):
    ys = xs if x > 0 else [x]
    ys[0] = x
    return ys


@pytest.mark.parametrize(
    "f",
    [appended, appended_in_a_loop, assigned, item_grows, extended, under_another_name, by_a_function, inner_list,
     one_of_both],
)  # fmt: skip
def test_a_list_from_outside_keeps_its_items(f):
    xs = [1.0, 2.0]
    with pytest.raises(tl.InferenceError, match="a list that the function did not make is changed here") as e:
        tl.jit(f)(xs, 3.0)
    assert f.__code__.co_filename in str(e.value) and xs == [1.0, 2.0]
    with pytest.raises(tl.DifferentiationError, match="writes here to an array or list that it did not make"):
        tl.grad(lambda xs: (f(xs, 3.0), xs[0])[1] * 1.0)(xs)


def test_a_captured_list_keeps_its_items():
    before = list(CAPTURED)
    with pytest.raises(tl.InferenceError, match="that the function did not make"):
        tl.jit(captured_is_changed)(9.0)
    assert before == CAPTURED


def first_written(xs):
    xs[0][0] = 9.0
    return xs[1]


def test_shared_memory_in_a_list_is_refused():
    x = V.copy()
    for xs in ([x, x], [x, x[1:]]):
        with pytest.raises(tl.UsageError, match="items of argument 0 share memory, and one is written to"):
            tl.jit(first_written)(xs)
    np.testing.assert_array_equal(x, V)
    with pytest.raises(tl.UsageError, match="arguments 0 and 1 share memory"):
        tl.jit(lambda xs, y: first_written(xs) + y)([x, V.copy()], x[::-1])
    same(tl.jit(lambda xs: xs[0] + xs[1])([x, x]), x + x)


# -- joined along any axis --------------------------------------------------------------------------------------------
JOINS = [
    lambda xs: np.stack(xs, axis=1),
    lambda xs: np.stack(xs, axis=-1),
    lambda xs: np.concatenate(xs, axis=-1),
    lambda xs: np.concatenate(xs, axis=None),
    np.concatenate,
    np.vstack,
    np.hstack,
    np.dstack,
    np.column_stack,
]


@pytest.mark.parametrize("join", range(len(JOINS)))
@pytest.mark.parametrize("x", [V, np.arange(6.0).reshape(2, 3) + 0.5], ids=["vectors", "matrices"])
def test_a_list_of_any_length_is_joined(join, x):
    join = JOINS[join]

    def powers(x, n):
        return join([x**k for k in range(n)])

    found, expected = tl.jit(powers)(x, 3), powers(x, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert found.flags.c_contiguous and found.flags.writeable
    check_derivatives(lambda x: np.sum(powers(x, 3) ** 2), (x,))
    with pytest.raises(ValueError, match="need at least one array"):
        tl.jit(lambda x, n: join([x for _ in range(n)]))(x, 0)


@pytest.mark.parametrize("join", range(len(JOINS)))
def test_the_rows_of_an_array_are_joined(join):
    """To a new array, which may be written to."""
    x, join = np.arange(24.0).reshape(2, 3, 4), JOINS[join]

    def written(x):
        y = join(x)
        y[0] = 7.0
        return x, y

    for view in (x, x.T, x[:, ::2, ::-1], x[0]):
        same(tl.jit(join)(view), join(view))
        same(tl.jit(written)(view), written(view))
    check_derivatives(lambda x: np.sum(join(x) ** 2), (x,))


WITH_DISPLAYS = [
    lambda x: np.concatenate(([0.0], np.cumsum(x))),
    lambda x: np.concatenate([[x[0]], x[1:] * 2, (x[2],)]),
    lambda x: np.concatenate(([], x)),
    lambda x: np.concatenate((x, [[1.0, 2.0]], x[:2]), axis=None),
    lambda x: np.hstack(([0.0], x, [1, 2])),
    lambda x: np.vstack((x, [1.0] * 4)),
    lambda x: np.stack([x, (1.0, 2, 3, 4)]),
    lambda x: np.column_stack(([1, 2, 3, 4], x)),
]


@pytest.mark.parametrize("f", WITH_DISPLAYS)
def test_displays_are_joined_with_arrays(f):
    check_value(f, (V[:4],))
    check_derivatives(lambda x: np.sum(f(x) ** 2), (V[:4],))
