"""How tests compare arrays and derivatives by arrays with NumPy's."""

import numpy as np


def ids(cases):
    return [f.__name__ for f, _ in cases]


def same(found, expected):
    """One value as another: in type, shape, dtype and, to a few units in the last place, value."""
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for x, y in zip(found, expected):
            same(x, y)
        return
    if isinstance(expected, np.ndarray):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert found.flags.writeable and found.flags.owndata
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def positions(args):
    return tuple(i for i, a in enumerate(args) if isinstance(a, (float, np.ndarray)))


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
