"""select, array_equal, cross, full of arrays, logspace, geomspace: against NumPy; derivatives against differences."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
RNG = np.random.default_rng(6)
V, M, N = RNG.standard_normal(3), RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
NAN = np.where(M > 0.5, np.nan, M)

CASES = [
    (lambda x, y: np.select([x > 1, x > 0], [x, y], -1), [(M, N), (M, V), (M[::2, ::-1], 2), (M.astype("f4"), 1.5)]),
    (lambda x, y: np.select([x > 0], (y,)), [(M, N), (M, 3), (M, M > 1), (M[:0], V), (V, N)]),
    (lambda x, y: np.select([x > 0, y], [1, 0.5], x), [(M, True), (V, M > 0), (M.astype("f4"), False)]),
    (lambda x, y: np.select([x > 0], [x, y]), [(M, N)]),
    (lambda x, y: np.array_equal(x, y), [(M, N), (M, M.copy()), (M, M[:2]), (M, V), (M[:0], M[:0]), (M, 1.0)]),
    (lambda x, y: np.array_equal(x, y, equal_nan=True), [(NAN, NAN), (NAN, M), (np.arange(3), [0, 1, 2])]),
    (lambda x, y: np.cross(x, y), [(M, N), (V, V[::-1]), (M, V), (V, M), (M[:, ::-1], N), (M, np.arange(3))]),
    (lambda x, y: np.cross(x, y, axis=0), [(M.T, N.T), (M[:3], N[:3])]),
    (lambda x, y: np.cross(x, y, 0, axisc=0), [(M.T, N)]),
    (lambda x, y: np.cross(x, y), [(np.array([100, 2, 3], "i1"), np.array([3, 4, 5], "i1"))]),
    (lambda x, y: np.full((2, 4, 3), x), [(M, 0), (V, 0), (np.arange(3), 0), (M[:2], 0)]),
    (lambda x, y: np.full_like(x, y), [(M, V), (np.arange(3), V), (M, [1, 2, 3])]),
    (lambda x, y: np.full((2, 3), [1, 2, 3], dtype=np.float32), [(0, 0)]),
    (lambda x, y: np.logspace(x, y, 5), [(0.0, 2.0), (1, 3), (np.float32(0), np.float32(2)), (2.5, -1)]),
    (lambda x, y: np.logspace(x, y, num=4, endpoint=False, base=2), [(0.0, 3.0)]),
    (lambda x, y: np.logspace(0, 3, x, dtype=int), [(4, 0), (0, 0), (1, 0), (-1, 0)]),
    (lambda x, y: np.geomspace(x, y, 5), [(1.0, 16.0), (1, 1000), (-2.0, -32.0), (8, 0.5), (0.0, 1.0), (-1.0, 1.0)]),
    (lambda x, y: np.geomspace(1, 256, num=x, endpoint=y > 0), []),
    (lambda x, y: np.geomspace(x, 256, 4, endpoint=False), [(1.0, 0)]),
    (lambda x, y: np.geomspace(1, 1000, x, dtype=np.int64), [(4, 0), (1, 0), (0, 0)]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_in_numpy(case):
    f, calls = CASES[case]
    for args in calls:
        if isinstance(args[1], list):
            same(outcome(tl.jit(lambda x, f=f, y=tuple(args[1]): f(x, y)), args[:1]), outcome(f, args))
            continue
        single = any(getattr(a, "dtype", None) == np.float32 for a in args)
        same(outcome(tl.jit(f), args), outcome(f, args), 2e-6 if single else 1e-12)


DERIVED = [
    lambda x, y: np.sum(np.select([x > 0, y > 0], [x * y, y**2], x) ** 2), lambda x, y: np.sum(np.cross(x, y) ** 2),
    lambda x, y: np.sum(np.cross(x, y[0]) ** 3), lambda x, y: np.sum(np.full((2, 4, 3), x) ** 2 * y),
    lambda x, y: np.sum(np.logspace(x[0, 0], y[1, 1], 6)),
    lambda x, y: np.sum(np.geomspace(x[0, 0] ** 2, y[1, 1] ** 2, 6)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(DERIVED)))
def test_derivatives(case):
    f = DERIVED[case]
    for k, found in enumerate(tl.grad(f, argnums=(0, 1))(M, N)):
        np.testing.assert_allclose(found, differences(f, (M, N), k), rtol=1e-5, atol=1e-6)


def test_refused():
    for f, word in (
        (lambda x: np.select([x > 0, True], [1, 2])[0] + np.select([True], [2]), "without dimensions"),
        (lambda x: np.select([x], [1]), "boolean"),
        (lambda x: np.geomspace(x[0], np.float32(3), 4), "geomspace"),
    ):
        with pytest.raises(tl.InferenceError, match=word):
            tl.jit(f)(V)
