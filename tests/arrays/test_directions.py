"""vjp and jvp of array programs: <ȳ, ẏ> = <x̄, ẋ>, and the gradient is a pullback; from outside and in compiled code."""

import array_programs
import list_programs
import numpy as np
import pytest
import tapeless as tl
import writing_programs
from array_checks import ids, positions

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
PROGRAMS = array_programs.DERIVATIVES + writing_programs.DERIVATIVES + list_programs.DERIVATIVES


def direction(a, k):
    """A tangent for an argument; None for what has none."""
    if isinstance(a, np.ndarray) and a.dtype.kind == "f":
        return np.cos(np.arange(a.size) + k).reshape(a.shape).astype(a.dtype)
    return np.sin(k + 1.0) if isinstance(a, float) else 0 if not isinstance(a, np.ndarray) else None


@pytest.mark.parametrize("f, args", PROGRAMS, ids=ids(PROGRAMS))
def test_a_tangent_is_the_gradient_along_it(f, args):
    by = positions(args)
    gradients = tl.grad(f, argnums=by)(*args)
    tangents = tuple(direction(a, k) for k, a in enumerate(args))
    value, tangent = tl.jvp(f, args, tangents)
    np.testing.assert_allclose(value, f(*args), rtol=1e-12)
    expected = sum(np.sum(g * tangents[i]) for i, g in zip(by, gradients))
    np.testing.assert_allclose(tangent, expected, rtol=1e-9, atol=1e-12)
    value, pullback = tl.vjp(f, *args)
    for i, g in zip(by, gradients):
        np.testing.assert_allclose(pullback(2.0)[i], 2.0 * g, rtol=1e-12, atol=1e-14)


def states(x, a):
    y = np.zeros_like(x)
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] + np.sin(x[i])
    return y, np.outer(y, x), a * np.sum(y)


def factors(m, v):
    s = m @ m.T + 3.0 * np.eye(len(m))
    return np.linalg.cholesky(s), np.linalg.solve(s, v), np.linalg.det(s)


def chosen(x):
    return np.sort(x)[::-1] * np.cumsum(x), np.where(x > 0.2, x**2, 0.0), x[x > 0.0].sum()


X, M = np.array([0.3, -0.8, 1.1, 0.5]), np.array([[0.4, 1.0, -0.2], [0.1, 0.7, 0.3], [-0.6, 0.2, 0.9]])
RESULTS = [(states, (X, 0.7)), (factors, (M, X[:3])), (chosen, (X,)), (lambda x: x[::2] + 1.0, (X,))]


def weights(y, k=0):
    """A cotangent for a result."""
    if isinstance(y, tuple):
        return tuple(weights(item, i + 1) for i, item in enumerate(y))
    return direction(y if isinstance(y, np.ndarray) else float(y), k + 0.5)


def inner(a, b):
    return sum(map(inner, a, b)) if isinstance(a, tuple) else np.sum(a * b)


@pytest.mark.parametrize("f, args", RESULTS, ids=ids(RESULTS))
def test_both_directions_of_results_of_any_shape(f, args):
    tangents = tuple(direction(a, k) for k, a in enumerate(args))
    value, tangent = tl.jvp(f, args, tangents)
    cts = weights(value)
    _, pullback = tl.vjp(f, *args)
    np.testing.assert_allclose(inner(cts, tangent), inner(pullback(cts), tangents), rtol=1e-10)
    h = 1e-6
    ahead, behind = (f(*(a + s * h * t for a, t in zip(args, tangents))) for s in (1, -1))
    np.testing.assert_allclose(inner(cts, tangent), (inner(cts, ahead) - inner(cts, behind)) / (2 * h), rtol=1e-6)


def energy(x):
    return np.sum(x**4) + np.prod(x) + np.sum(np.sin(x[1:] * x[:-1]))


def test_hessian_times_a_vector():
    v = direction(X, 1)
    hessian = tl.jvp(tl.grad(energy), (X,), (v,))[1]
    h = 1e-5
    slope = tl.grad(energy)
    np.testing.assert_allclose(hessian, (slope(X + h * v) - slope(X - h * v)) / (2 * h), rtol=1e-6)


@tl.jit
def inside(x, v):
    value, tangent = tl.jvp(lambda x: np.tanh(x) * x.sum(), (x,), (v,))
    again, pullback = tl.vjp(lambda x: np.tanh(x) * x.sum(), x)
    (ct,) = pullback(v)
    return value, tangent, again, ct


def test_in_compiled_code():
    v = direction(X, 2)
    value, tangent, again, ct = inside(X, v)
    t, s = np.tanh(X), X.sum()
    np.testing.assert_allclose(value, t * s, rtol=1e-14)
    np.testing.assert_array_equal(again, value)
    jacobian = np.diag((1 - t**2) * s) + np.outer(t, np.ones(4))
    np.testing.assert_allclose(tangent, jacobian @ v, rtol=1e-12)
    np.testing.assert_allclose(ct, v @ jacobian, rtol=1e-12)


def test_a_pullback_kept_and_called_twice():
    def f(x):
        total = 0.0
        value, pullback = tl.vjp(lambda x: x * x.sum(), x)
        for k in range(3):
            (ct,) = pullback(value * k)
            total += ct.sum()
        return total

    expected = sum(np.sum(X * k * X.sum() * X.sum() + np.sum(X * X.sum() * k * X)) for k in range(3))
    np.testing.assert_allclose(tl.jit(f)(X), expected, rtol=1e-12)
    assert np.all(np.isfinite(tl.grad(f)(X)))


def diffusion(k, c, n):
    u = np.linspace(0.0, 1.0, 8)
    for _ in range(n):
        u[1:-1] += k * (u[2:] - 2.0 * u[1:-1] + u[:-2]) + c[0] * u[1:-1] ** 2 - c[1]
    return np.sum(u * u) + k


def fitted(a, x):
    m = np.outer(x, x) + a * np.eye(len(x))
    return np.linalg.slogdet(m)[1] + np.dot(x, np.linalg.solve(m, x)) * a


@pytest.mark.parametrize("mode", ("forward", "auto"))
def test_forward_mode_by_numbers_through_arrays(mode):
    args = (0.2, (0.3, 0.1), 5)
    expected = tl.grad(diffusion, argnums=(0, 1), mode="reverse")(*args)
    found = tl.grad(diffusion, argnums=(0, 1), mode=mode)(*args)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    x = np.array([0.5, -1.0, 2.0])
    value, slope = tl.value_and_grad(fitted, mode=mode)(0.7, x)
    np.testing.assert_allclose(value, fitted(0.7, x), rtol=1e-12)
    np.testing.assert_allclose(slope, (fitted(0.7 + 1e-6, x) - fitted(0.7 - 1e-6, x)) / 2e-6, rtol=1e-7)
    second = tl.grad(lambda a: tl.grad(fitted, mode=mode)(a, x), mode=mode)(0.7)
    np.testing.assert_allclose(second, tl.grad(lambda a: tl.grad(fitted, mode="reverse")(a, x))(0.7), rtol=1e-10)


def test_forward_mode_by_an_array_is_refused():
    with pytest.raises(tl.DifferentiationError, match="by an array it would take a pass for each element"):
        tl.grad(lambda x: np.sum(x * x), mode="forward")(np.ones(3))
    with pytest.raises(tl.DifferentiationError, match="Taylor series do not go through arrays yet"):
        tl.taylor(lambda a: np.sum(a * np.ones(3)), 2)(1.0)
