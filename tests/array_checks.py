"""What tests of arrays share: outcomes of calls, with exceptions, and derivatives by differences."""

import numpy as np
import tapeless as tl


def ids(cases):
    return [f.__name__ for f, _ in cases]


def positions(args):
    return tuple(i for i, a in enumerate(args) if isinstance(a, (float, np.ndarray)))


def outcome(f, args):
    """What a call gives, or the exception that it raises."""
    try:
        return f(*args)
    except (ArithmeticError, ValueError, TypeError, MemoryError, LookupError) as error:
        return error


def same(found, expected, rtol=1e-12, atol=1e-13):
    """One outcome as another: in type, shape, dtype and value; an exception may be of a derived class in NumPy."""
    if isinstance(found, Exception):
        assert isinstance(expected, type(found)), (found, expected)
        return
    assert type(found) is type(expected), (found, expected)
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for x, y in zip(found, expected):
            same(x, y, rtol, atol)
        return
    if isinstance(expected, np.ndarray):
        assert found.flags.writeable
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def differences(f, args, k):
    """The derivative by argument k, extrapolated from central differences."""

    def slope(h):
        def at(index, step):
            moved = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
            if isinstance(args[k], float):
                moved[k] = args[k] + step
            else:
                moved[k][index] += step
            return f(*moved)

        if isinstance(args[k], float):
            return (at((), h) - at((), -h)) / (2 * h)
        out = np.zeros(args[k].shape)
        for index in np.ndindex(out.shape):
            out[index] = (at(index, h) - at(index, -h)) / (2 * h)
        return out

    return (4 * slope(5e-4) - slope(1e-3)) / 3


def check_value(f, args, compare=same):
    """A program gives what it gives in CPython, twice."""
    compiled, expected = tl.jit(f), f(*args)
    compare(compiled(*args), expected)
    compare(compiled(*args), expected)


def check_derivatives(f, args):
    """The gradient of a program by all its floats and arrays, against differences."""
    by = positions(args)
    value, cotangents = tl.value_and_grad(f, argnums=by)(*args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-12)
    for k, found in zip(by, cotangents):
        if isinstance(args[k], np.ndarray):
            assert found.shape == args[k].shape and found.flags.writeable
        np.testing.assert_allclose(found, differences(f, args, k), rtol=1e-6, atol=1e-8)
