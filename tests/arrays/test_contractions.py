"""einsum, tensordot, kron and their like against NumPy, over subscripts, shapes and layouts; derivatives."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import differences, outcome, same

RNG = np.random.default_rng(8)
V, W = RNG.standard_normal(3), RNG.standard_normal(4)
M, N, Q = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2)), RNG.standard_normal((3, 3))
T, U = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((2, 4, 3))

CASES = [
    (lambda a: np.einsum("ii", a), (Q,)),
    (lambda a: np.einsum("ii->i", a), (Q,)),
    (lambda a: np.einsum("ij->ji", a), (M,)),
    (lambda a: np.einsum("ji", a), (M,)),
    (lambda a: np.einsum("ij->", a), (M,)),
    (lambda a: np.einsum("ij -> j", a), (M,)),
    (lambda a: np.einsum("...j->j...", a), (T,)),
    (lambda a: np.einsum("i...->...", a), (T,)),
    (lambda a: np.einsum("iji->j", a), (np.moveaxis(T[:, :2], 1, 2),)),
    (lambda a: np.einsum("i,i", a, a), (V,)),
    (lambda a, b: np.einsum("i,j", a, b), (V, W)),
    (lambda a, b: np.einsum("i,j->ji", a, b), (V, W)),
    (lambda a, b: np.einsum("i,j->", a, b), (V, W)),
    (lambda a, b: np.einsum("ij,jk", a, b), (M, N)),
    (lambda a, b: np.einsum("ij,jk->ki", a, b), (M, N)),
    (lambda a, b: np.einsum("ij,jk->k", a, b), (M, N)),
    (lambda a, b: np.einsum("ij,j->i", a, b), (M, W)),
    (lambda a, b: np.einsum("ij,i->ij", a, b), (M, V)),
    (lambda a, b: np.einsum("ij,ij->i", a, b), (M, M)),
    (lambda a, b: np.einsum("ij,ji", a, b), (Q, Q)),
    (lambda a, b: np.einsum("bij,bjk->bik", a, b), (T, U)),
    (lambda a, b: np.einsum("bij,bkj->bik", a, b), (T, T)),
    (lambda a, b: np.einsum("bij,bjk->kib", a, b), (T, U)),
    (lambda a, b: np.einsum("bij,bjk->ik", a, b), (T, U)),
    (lambda a, b: np.einsum("bij,jk->bik", a, b), (T, N)),
    (lambda a, b: np.einsum("bij,kl->bl", a, b), (T, N)),
    (lambda a, b: np.einsum("...ij,...jk->...ik", a, b), (T, N)),
    (lambda a, b: np.einsum("...ij,jk", a, b), (T, N)),
    (lambda a, b: np.einsum("ij,jk->ik", a, b), (M[:, :1], N)),
    (lambda a, b: np.einsum("ij,jk->ik", a, b), (M, M)),
    (lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c), (Q, M, N)),
    (lambda a, b, c: np.einsum("i,ij,j", a, b, c), (V, M, W)),
    (lambda a, b, c: np.einsum("i,j,ij->", a, c, b), (V, M, W)),
    (lambda a, b, c: np.einsum("ia,ja,a->ij", a, b, c), (M, M, W)),
    (lambda a, b: np.tensordot(a, b), (T, np.moveaxis(T, 0, 2))),
    (lambda a, b: np.tensordot(a, b, axes=1), (T, N)),
    (lambda a, b: np.tensordot(a, b, 0), (V, N)),
    (lambda a, b: np.tensordot(a, b, axes=((0, 2), (0, 1))), (T, U)),
    (lambda a, b: np.tensordot(a, b, axes=([2, 0], [1, 0])), (T, U)),
    (lambda a, b: np.tensordot(a, b, axes=(1, -1)), (T, U)),
    (lambda a, b: np.tensordot(a, b, axes=(0, 0)), (T, W)),
    (lambda a, b: np.kron(a, b), (V, W)),
    (lambda a, b: np.kron(a, b), (M, N)),
    (lambda a, b: np.kron(a, b), (T, V)),
    (lambda a, b: np.dot(a, b), (M, U)),
    (lambda a, b: np.dot(a, b), (T, U)),
    (lambda a, b: np.dot(a, b), (W, U)),
    (lambda a, b: np.inner(a, b), (T, T)),
    (lambda a, b: np.inner(a, b), (T, W)),
    (lambda a, b: np.inner(a, b), (M, M)),
]  # fmt: skip


def variants(args):
    yield args
    yield tuple(np.repeat(a, 2, axis=0)[::2] for a in args)
    yield tuple(a[..., ::-1].copy()[..., ::-1] for a in args)
    yield tuple((3 * a).astype(np.int32) for a in args)
    yield tuple(a > 0 for a in args)
    yield tuple(a.astype(np.float32) for a in args)
    yield tuple(a[:0] for a in args)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_as_in_numpy(case):
    f, given = CASES[case]
    compiled = tl.jit(f)
    for args in variants(given):
        if case == 1 and args[0].shape == (0, 3):
            continue  # NumPy reads beyond the end
        expected = outcome(f, args)
        single = getattr(expected, "dtype", None) == np.float32
        expected = expected.copy() if isinstance(expected, np.ndarray) else expected
        same(outcome(compiled, args), expected, *((1e-5, 1e-5) if single else ()))


@pytest.mark.parametrize("case", range(len(CASES)))
def test_derivatives(case):
    f, args = CASES[case]
    if isinstance(outcome(f, args), Exception):
        return

    def total(*args):
        out = f(*args)
        return np.sum(out * out * out)

    found = tl.grad(total, argnums=tuple(range(len(args))))(*args)
    for k, g in enumerate(found if isinstance(found, tuple) else (found,)):
        np.testing.assert_allclose(g, differences(total, args, k), rtol=1e-5, atol=1e-6)


REFUSED = [
    (lambda a: np.einsum("ij->ii", a), "multiple times"),
    (lambda a: np.einsum("ij->k", a), "never appeared"),
    (lambda a: np.einsum("ijk", a), "do not fit"),
    (lambda a: np.einsum("i...->i", a), "contain"),
    (lambda a: np.einsum("ij,jk", a), "operands"),
    (lambda a: np.einsum("i1", a), "invalid"),
    (lambda a: np.tensordot(a, a), "without dimensions"),
    (lambda a: np.tensordot(a, a, axes=3), "over 3"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_refused(case):
    f, what = REFUSED[case]
    with pytest.raises(tl.InferenceError, match=what):
        tl.jit(f)(M)
