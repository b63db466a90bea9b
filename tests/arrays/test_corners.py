"""Small programs at the edges: what compiles gives what NumPy gives, or raises what it raises; the rest is refused."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import outcome, same

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
V, M, K = np.arange(5.0), np.arange(6.0).reshape(2, 3), np.arange(3)
F1, F0 = np.float64(1.0), np.float64(0.0)

SAME = [
    # views
    (lambda x: x.T, (V[::2],)),
    (lambda x: x.T + 0, (V[::-1],)),
    (lambda m: m.T.T, (M,)),
    (lambda m: m.T.T, (M[:, ::2],)),
    (lambda m: m.T[1:].sum(), (M,)),
    (lambda m: m.transpose((1, 0)).transpose((1, 0)) @ m.T, (M,)),
    (lambda x: x[()], (V,)),
    (lambda x: np.flip(x), (M,)),
    (lambda x: x[..., 0], (M,)),
    (lambda x: x[None, :, 0, None], (M,)),
    # bounds
    (lambda x: x[2**62 : -(2**62)], (V,)),
    (lambda x: x[9223372036854775807:-1], (V,)),
    (lambda x: x[-2 : 10**18], (V,)),
    (lambda x: x[:: 2**62], (V,)),
    (lambda x: x[:: -9223372036854775807 - 1], (V,)),
    (lambda x: x[::-2][1], (V,)),
    (lambda x: x[3:1], (V,)),
    (lambda x: x[-100:100:3], (V,)),
    (lambda x, i: x[i], (V, np.int64(-2))),
    (lambda x, i: x[i:], (V, np.int64(2))),
    (lambda t, i: t[i], ((1, 2, 3), np.int64(1))),
    # sizes
    (lambda n: np.linspace(0.5, 1.0, n), (1,)),
    (lambda n: np.linspace(0.5, 1.0, n), (0,)),
    (lambda n: np.linspace(0.5, 1.0, n), (-2,)),
    (lambda n: np.eye(n), (-2,)),
    (lambda n: np.eye(n), (0,)),
    (lambda x, n: np.pad(x, n), (V, -1)),
    (lambda x, n: np.pad(x, n), (V, 2**62)),
    (lambda d: np.arange(1.0, 2.0, d), (0.0,)),
    (lambda d: np.arange(1, 2, d), (0,)),
    (lambda d: np.arange(0.0, d), (np.inf,)),
    (lambda d: np.arange(0.0, d), (np.nan,)),
    (lambda d: np.arange(0.0, d), (1e300,)),
    (lambda n: np.arange(n), (2**62,)),
    (lambda n: np.arange(n), (2**59,)),
    (lambda n: np.arange(n), (-3,)),
    (lambda n: np.arange(5, 0, n), (-2,)),
    (lambda x: np.arange(0.1, 1.0, x), (0.3,)),
    (lambda b: np.arange(b), (True,)),
    (lambda n: np.zeros((n, n, n)), (2**31,)),
    (lambda n: np.zeros((n, n, 0)), (2**40,)),
    (lambda n: np.zeros(n), (2**59,)),
    (lambda n: np.ones((n, n)), (2**32,)),
    (lambda n: np.full((n, n), 1.5), (2**31,)),
    (lambda n: np.eye(n), (2**31,)),
    (lambda x, n: np.reshape(x, (n, n)), (np.zeros(0), 2**32)),
    (lambda x: np.reshape(x, (-2, 3)), (np.arange(6),)),
    (lambda x: np.reshape(x, (-1, -3)), (np.arange(6),)),
    (lambda x: np.reshape(x, (0, -1)), (np.zeros(0),)),
    (lambda x: np.reshape(x, (3, -1)), (M.T,)),
    (lambda x: np.reshape(x, (4, -1)), (M,)),
    (lambda x: np.ravel(x), (M.T,)),
    (lambda n: np.arange(n)[:, None] * np.zeros((1, n, n)), (0,)),
    # kinds
    (lambda x: np.reciprocal(x), (np.array([2, 3, 1, -1, 0]),)),
    (lambda x: np.maximum(x > 1, x > 2), (V,)),
    (lambda x: np.minimum(x > 1, x > 2), (V,)),
    (lambda x: np.isnan(x > 1), (V,)),
    (lambda x: np.sqrt(2.0) * x, (V,)),
    (lambda x: np.maximum(1, 2), (V,)),
    (lambda x: np.where(x > 1, 1, 0), (V,)),
    (lambda x: np.where(x > 1, x, 0), (V,)),
    (lambda x: np.clip(x, 1, 3), (np.arange(5),)),
    (lambda x: np.concatenate((x, x > 1)), (V,)),
    (lambda x: np.ones_like(x), (K,)),
    (lambda x: np.zeros_like(x), (V > 1,)),
    (lambda x: np.full(2, True), (V,)),
    (lambda x: ~x, (V > 1,)),
    (lambda x: abs(x), (K - 1,)),
    (lambda x: np.pad(x, 1), (V > 1,)),
    (lambda x: np.concatenate((x, x)), (V > 1,)),
    (lambda x: np.square(x > 1), (V,)),
    (lambda x: np.reciprocal(x > 1) + ((x > 1) // True), (V + 2,)),
    # powers, quotients, shifts
    (lambda x: x**-1, (np.array([1, 2]),)),
    (lambda x: x**-1, (V,)),
    (lambda x: x**0.5, (V,)),
    (lambda x: x**3, (V,)),
    (lambda x: -(x**2), (K,)),
    (lambda x: 2**x, (K,)),
    (lambda x, n: x**n, (K, 3)),
    (lambda x, n: x**n, (K, -3)),
    (lambda x, y: x**y, (K, K)),
    (lambda x, y: x**y, (K, K - 1)),
    (lambda x, y: np.power(x, y), (K, K > 0)),
    (lambda x: x // 0, (V,)),
    (lambda x: x % 0, (K,)),
    (lambda x: x << 70, (K,)),
    (lambda x: x == (1, 2), (V,)),
    (lambda x: x != [1, 2], (V[:2],)),
    # scalars
    (lambda x: x in (1, 2), (F1,)),
    (lambda x: (x, 1) == (1, 1), (F1,)),
    (lambda x: (x, 1) != (1, 1), (F1,)),
    (lambda x: (x, 1) < (2, 2), (F1,)),
    (lambda x: 2 if x < 2 and x > 0 else 3, (F1,)),
    (lambda x: not x, (F0,)),
    (lambda x, y: x or y, (F0, np.float64(2))),
    (lambda x: x == None, (F1,)),  # noqa: E711
    (lambda x, y: max(x, y), (F1, F0)),
    (lambda x: float(x[0]) + int(x[1]), (V,)),
    (lambda x: (round(x[1]), round(x[2], 1), round(x[0], ndigits=None), round(x[3], -1)), (V * 1.2345 - 0.5,)),
    (lambda x: (round(x[1]), round(x[2], 1)), (V.astype(np.float32) * np.float32(1.2345),)),
    (lambda x, y: round(x / y), (F0, F0)),
    (lambda x, y: round(x / y), (F1, F0)),
    (lambda k: (round(k[2]), round(k[1], 2)), (K,)),
    (lambda x, k: (divmod(x, 2), divmod(x[3], k[2]), divmod(7, x[4]), divmod(x[1], -1.5)), (V, K)),
    (lambda x, y: (divmod(x, y), divmod(1, y)), (F1, F0)),
    (lambda k: (divmod(k - 5, 3), divmod(k[2], 0), divmod(k > 1, k)), (K,)),
    # reductions
    (lambda x: x.mean(), (np.zeros(0),)),
    (lambda x: np.max(x), (np.zeros(0),)),
    (lambda x: x.sum(axis=0), (np.zeros((0, 3)),)),
    (lambda x: np.max(x), (np.array([1.0, np.nan, 3]),)),
    (lambda x: np.min(x), (np.array([1.0, np.nan, 3]),)),
    (lambda x: np.var(x, ddof=1), (V,)),
    (lambda x: np.roll(x, 7), (V,)),
    (lambda x: np.roll(x, -1), (V,)),
]
VALUES = ["x", "x[0]", "x.sum()", "x > 1", "x[0] > 1", "x.argmax()", "x.shape", "x.shape[0]", "[x, x]", "2.0", "None"]
CLASSES = ["np.ndarray", "np.generic", "np.number", "np.integer", "np.floating", "np.float64", "np.float32", "np.bool_"]
CLASSES += ["int", "float", "bool", "list", "tuple", "(list, tuple, np.ndarray)", "(int, np.integer)"]


@pytest.mark.parametrize("value", VALUES)
def test_isinstance(value):
    f = tl.from_source(
        f"import numpy as np\n\n\ndef f(x):\n    v = {value}\n"
        f"    return [{', '.join(f'isinstance(v, {c})' for c in CLASSES)}]\n"
    )
    for x in (V, V.astype(np.float32), K):
        assert tl.jit(f)(x) == f(x)


REFUSED = [
    (lambda x: x == None, (V,), "item by item"),  # noqa: E711
    (lambda x: x != (1, 2), (F1,), "item by item"),
    (lambda x: np.sin(x > 1), (V,), "float16"),
    (lambda x: np.sin(True) * x, (V,), "float16"),
    (lambda x: np.arctan2(x > 1, x > 2), (V,), "float16"),
    (lambda x: np.hypot(True, x > 1), (V,), "float16"),
    (lambda x: x, (np.array(3.0),), "without dimensions"),
    (lambda t, i: t[i], ((1, 2), np.bool_(True)), "indices must be integers"),
    (lambda x: (x, 1) == (x + 0, 1), (V,), "truth"),
    (lambda x: x & 1, (V,), "bitwise_and"),
    (lambda x: np.ndarray((2, 3)), (V,), "cannot create 'ndarray' instances"),
    (lambda x: max(*x), (V,), "can follow \\* in a call"),
    (lambda x: np.maximum(*x), (M,), "can follow \\* in a call"),
    (lambda x: max(*[v for v in x if v]), (V,), "can follow \\* in a call"),
    (lambda x: round(x), (V,), "type ndarray doesn't define __round__ method"),
    (lambda x: round(x > 0), (F1,), "doesn't define __round__ method"),
]


@pytest.mark.parametrize("case", range(len(SAME)))
def test_as_in_numpy(case):
    f, args = SAME[case]
    same(outcome(tl.jit(f), args), outcome(f, args))


@pytest.mark.parametrize("f, args, message", REFUSED)
def test_refused(f, args, message):
    with pytest.raises(tl.TapelessError, match=message) as caught:
        tl.jit(f)(*args)
    assert not isinstance(caught.value, tl.InternalError)
