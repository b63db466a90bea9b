"""Writing to arrays: the same answers as NumPy's, whatever other names the array has, and their derivatives."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, check_value, ids
from buffer_programs import under_a_branch
from writing_programs import DERIVATIVES, PRIMALS, V, a_row_of_a_loop, made_in_one_iteration


@pytest.mark.parametrize("f, args", PRIMALS + DERIVATIVES, ids=ids(PRIMALS + DERIVATIVES))
def test_as_in_numpy(f, args):
    check_value(f, args)


@pytest.mark.parametrize("f, args", DERIVATIVES, ids=ids(DERIVATIVES))
def test_derivatives(f, args):
    check_derivatives(f, args)


@pytest.mark.parametrize("f", [a_row_of_a_loop, made_in_one_iteration])
@pytest.mark.parametrize("transform", [tl.jit, tl.grad])
def test_what_no_iteration_assigned_has_no_value(f, transform):
    with pytest.raises(UnboundLocalError, match="where it is not associated with a value"):
        transform(f)(V, 0)


# -- arguments --------------------------------------------------------------------------------------------------------
def doubled(x, v):
    x[0] = v
    x[1:] *= 2
    return x.sum()


def added(x, y):
    for i in range(len(x)):
        x[i] = y[i] + x[-1]


@pytest.mark.parametrize("x", [V, np.repeat(V, 2)[::2], V[::-1]], ids=["packed", "strided", "reversed"])
def test_arguments_are_written_to(x):
    ours, theirs = x.copy()[::1], x.copy()
    view = np.repeat(x, 3)[::3]
    for _ in range(2):
        assert tl.jit(doubled)(ours, 5.0) == doubled(theirs, 5.0)
        tl.jit(doubled)(view, 5.0)
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(view, theirs)


def test_only_what_is_written_to_changes():
    x, y = V.copy(), V.copy()
    assert tl.jit(added)(x, y) is None
    expected = V.copy()
    added(expected, V)
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, V)


def test_arguments_that_share_memory_are_refused():
    x = V.copy()
    with pytest.raises(tl.UsageError, match="arguments 0 and 1 share memory"):
        tl.jit(added)(x, x)
    np.testing.assert_array_equal(x, V)


def test_a_read_only_argument_stays():
    x = V.copy()
    x.flags.writeable = False
    with pytest.raises(ValueError, match="assignment destination is read-only"):
        tl.jit(doubled)(x, 5.0)
    np.testing.assert_array_equal(x, V)


def test_another_type_is_another_kernel():
    f = tl.jit(doubled)
    for x in (V.copy(), np.arange(3), V.copy()):
        expected = x.copy()
        assert f(x, 5) == doubled(expected, 5)
        np.testing.assert_array_equal(x, expected)


# -- refusals ---------------------------------------------------------------------------------------------------------
def test_no_derivative_of_what_writes_to_its_argument():
    with pytest.raises(tl.DifferentiationError, match="writes here to an array or list that it did not make") as e:
        tl.grad(doubled)(V.copy(), 1.0)
    assert "x[0] = v" in str(e.value) and "x = x.copy()" in str(e.value)


def test_no_derivative_of_a_write_that_may_mean_two_arrays():
    with pytest.raises(tl.DifferentiationError, match="may mean more than one array"):
        tl.grad(under_a_branch)(V, 3)


TABLE = np.zeros(3)


def of_a_global(x):
    TABLE[0] = x
    return x


def of_an_inner_argument(x):
    def square(z):
        z[0] = 3.0
        return z[0] * z[1]

    return tl.grad(square)(x)


@pytest.mark.parametrize(
    "f, args, error, message",
    [
        (of_a_global, (1.0,), tl.UnsupportedError, "`TABLE` is not a variable of a function that is compiled"),
        (of_an_inner_argument, (V,), tl.DifferentiationError, "writes here to an array or list that it did not make"),
        (lambda x: whole(x, 0.5), (np.arange(3),), tl.InferenceError, "Cannot cast ufunc 'add'"),
        (lambda x: put(x, (1, 2)), (V,), tl.InferenceError, "setting an array element with a sequence"),
        (lambda x: put(x, x), (V,), tl.InferenceError, "setting an array element with a sequence"),
        (lambda x: put(1.0, x[0]), (V,), tl.InferenceError, "'float' object does not support item assignment"),
        (lambda x: put((1.0, 2.0), x[0]), (V,), tl.InferenceError, "'tuple' object does not support item assignment"),
    ],
)
def test_refusals(f, args, error, message):
    with pytest.raises(error, match=message):
        tl.jit(f)(*args)


def put(x, v):
    x[0] = v


def whole(x, v):
    x = x.copy()
    x += v
    return x


def part(x, v):
    x = x.copy()
    x[1:] = v
    return x


@pytest.mark.parametrize(
    "f, args",
    [
        (put, (np.zeros(0), 1.0)),
        (part, (V, np.zeros(2))),
        (part, (V, np.zeros((2, 3)))),
        (whole, (V, np.zeros(3))),
        (whole, (np.zeros(1), np.zeros(3))),
    ],
)
def test_errors_of_numpy(f, args):
    with pytest.raises((IndexError, ValueError)) as theirs:
        f(*args)
    try:
        tl.jit(f)(*args)
    except (IndexError, ValueError) as ours:
        assert type(ours) is type(theirs.value)
    except tl.InferenceError as refused:  # where the types tell already
        assert "broadcast" in str(refused)
    else:
        raise AssertionError("nothing was raised")


def test_nothing_is_written_before_its_index_is_checked():
    def f(i, n):
        s = 0.0
        for _ in range(n):
            z = np.zeros(3)
            z[i] = 1.0
            s += z[0]
        return s

    assert tl.jit(f)(0, 2) == 2.0
    assert tl.jit(f)(10**12, 0) == 0.0
    with pytest.raises(IndexError):
        tl.jit(f)(10**12, 1)


def test_views_that_grow_without_end_are_refused():
    def f(x, n):
        x = x.copy()
        y = x
        for _ in range(n):
            x = x.reshape(-1, 1)[1:].reshape(-1)
        x[0] = 1
        return y

    with pytest.raises(tl.TapelessError, match="a view of a view"):
        tl.jit(f)(V, 2)


def under_its_own_mask(x):
    y = x[:, None][:, 0]
    for _ in range(3):
        y[y[::-1] < 1.5] = -1.5


def test_a_mask_whose_size_is_seen_later():
    for n in (0, 1, 2, 5):
        ours, theirs = np.arange(n) + 1.0, np.arange(n) + 1.0
        tl.jit(under_its_own_mask)(ours)
        under_its_own_mask(theirs)
        np.testing.assert_array_equal(ours, theirs)


def rows_by_themselves(a):
    for row in a:
        row *= row[::-1] * -0.25
    a[0] += a[-1][::-1]


def test_an_array_whose_sizes_are_seen_later():
    for n in (0, 1, 2, 5):
        ours, theirs = (np.arange(2.0 * n).reshape(2, n) + 1.0 for _ in range(2))
        tl.jit(rows_by_themselves)(ours)
        rows_by_themselves(theirs)
        np.testing.assert_array_equal(ours, theirs)


# -- methods and `out` ------------------------------------------------------------------------------------------------
REFUSED = [
    ("np.add(x, 1.5, out=k)", "Cannot cast ufunc 'add' output"),
    ("np.copyto(k, x)", "Cannot cast array data from f64 to i64"),
    ("np.copyto(k, 1.5)", "Cannot cast scalar from float to i64"),
    ("np.copyto([1.0], x)", "of a variable"),
    ("np.add(x, 1.0, out=t)", "return arrays must be of ArrayType"),
    ("t.fill(1.0)", "has no attribute 'fill'"),
    ("y = np.exp(x, out=x) if t[0] > x[0] else x", "whether it is called is not certain"),
    ("x.fill(x)", "setting an array element with a sequence"),
    ("np.fill_diagonal(x, 1.0)", "array must be at least 2-d"),
]


@pytest.mark.parametrize("statement, words", REFUSED)
def test_refused(statement, words):
    text = f"import numpy as np\n\n\ndef f(x):\n    k, t = np.zeros(4, int), (1.0,)\n    {statement}\n    return x\n"
    with pytest.raises(tl.TapelessError, match=words) as caught:
        tl.jit(tl.from_source(text))(V.copy())
    assert caught.value.span.line == 6


def arguments_by_methods(x, n):
    x.sort()
    s = [np.add(x, v, out=x)[0] for v in (n, 0.5)]
    x[0:2].fill(0.0)
    return s


def test_arguments_by_methods():
    ours, theirs = V.copy(), V.copy()
    assert tl.jit(arguments_by_methods)(ours, 1) == arguments_by_methods(theirs, 1)
    np.testing.assert_array_equal(ours, theirs)


def test_an_output_of_another_shape():
    f = tl.from_source("import numpy as np\n\n\ndef f(x):\n    y = np.zeros(2)\n    np.exp(x, out=y)\n    return y\n")
    with pytest.raises(ValueError, match=r"shape \(2,\) doesn't match the broadcast shape \(4,\)"):
        tl.jit(f)(V)
