"""Array programs, as NumPy runs them, with arguments; `DERIVATIVES` are differentiated by all arrays and floats."""

import math

import numpy as np

RNG = np.random.default_rng(3)
V, W = RNG.standard_normal(5), RNG.standard_normal(5)
M, N = RNG.standard_normal((3, 5)), RNG.standard_normal((5, 4))
S = RNG.standard_normal((4, 4))


def branch_in_a_loop(v, m):
    total = 0.0
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            if m[i, j] > 0:
                total += v[i] * m[i, j] ** 2
            else:
                total -= v[j] * m[i, j]
    return total


def iteration(x):
    s = 0.0
    for a in x:
        s = s * 0.5 + math.sin(a) * a
    return s


def recursion_over_a_capture(x):
    def go(i):
        return 0.0 if i == len(x) else math.sin(x[i]) * x[i - 1] + go(i + 1)

    return go(0)


def through_a_helper(x):
    def pair(y, i):
        return y[i] * y[-i]

    s = 1.0
    for i in range(len(x)):
        s = s * 0.5 + pair(x, i) * s
    return s


def one_of_two(x, y, c):
    z = x if c else y
    return z[0] * z[1] + x[2]


def read_under_a_branch(x, y):
    s = 0.0
    i = 0
    while i < len(x):
        s += x[i] * y[i] if x[i] > 0 else x[0]
        i += 1
    return s


def elementwise(x, y):
    return np.sum(np.sin(x) * np.exp(-(y**2)) + x / (1 + y * y) - np.tanh(x * y))


def broadcast(a, v):
    return np.sum((a + v) * a[:, :1] - v[None, :] * 2.0 + a.mean(axis=0))


def axes(a):
    return np.sum((a.sum(axis=1) - a.sum(axis=0, keepdims=True).sum()) * a.mean(axis=1))


def masks(x):
    safe = np.where(x > 0, x, 1.0)
    clipped = np.sum(np.clip(x, -0.5, 0.5) * x)
    return np.sum(np.where(x > 0, np.log(safe), x * x)) + clipped + np.sum(np.maximum(x, 0.1) * np.abs(x))


def captured_scalar(x, a):
    return np.sum(np.sin(a * x) * a) + a


def slices(x):
    return np.sum(x[1:] * x[:-1]) + np.sum(x[::-2] ** 3) + np.sum(x[1:4] * x[-4:-1]) + x[2:][0] * x[:3][-1]


def rows(m):
    s = 0.0
    for row in m:
        s = s + np.sum(row * row) * row[0]
    return s + np.sum(m[1] * m[:, 0].sum()) + np.sum(m.T[2] * 2.0) + np.sum(m[::2, 1:3])


def products(a, b, v):
    return np.sum((a @ b) @ v) + np.dot(v, v) + np.sum(np.outer(v, v) @ v) + np.sum(v @ b.T)


def made(n, x):
    grid = np.linspace(0.0, 1.0, n) * x + np.arange(n) - np.ones(n)
    return np.sum(grid * grid) + np.sum(np.eye(3) * x) + np.sum(np.full((2, n), x))


def halves(x):
    def go(x):
        n = len(x)
        if n == 1:
            return x[0] * x[0]
        left, right = go(x[: n // 2]), go(x[n // 2 :])
        return left + right + math.sin(left * right)

    return go(x)


def steps(v, m, n):
    u = v
    for _ in range(n):
        u = np.cos(m @ u) * v
    return u @ v


def extremes(a):
    return a.max() * a.min() + np.sum(np.max(a, axis=0) * a.min(axis=0)) + np.sum(a.max(axis=1, keepdims=True) * a)


def spread(a):
    return np.var(a) + np.std(a[:, 1]) + np.sum(np.var(a, axis=1)) + np.linalg.norm(a) + np.trace(a @ a.T)


def arranged(a, v):
    b = np.reshape(a, (-1, 3)) * 2.0
    c = np.concatenate((v, b[:, 0], v[:1] * v[1]))
    d = np.stack((v, v[::-1] * 3.0), axis=1)
    e = np.sum(d * d[:, :1]) + np.sum(np.pad(v, 2) ** 2) + np.sum(a.T.ravel() * np.arange(a.size))
    return np.sum(c * c) + e + np.dot(np.diff(v), np.diff(v)) + np.sum(np.flip(v) * np.roll(v, 2))


def one_result_of_two(x):
    def pair(y):
        return y * y, y * 3.0

    a, _ = pair(x)
    return np.sum(a * x)


def maybe(x, c):
    y = x * 2.0 if c else None
    s = np.sum(x)
    for i in range(3):
        if y is not None:
            s += np.sum(y * x) * i
    return s


def exchanged(x):
    t = (x, x * 2.0)
    for _ in range(3):
        t = (t[1] * x, t[0])
    return np.sum(t[0])


def replaced_in_a_loop(x, y):
    for _ in y:
        x = y[::-1]
    return np.sum(np.sin(x)) + np.sum(y**2)


DERIVATIVES = [
    (replaced_in_a_loop, (np.array([0.3, 0.8]), np.array([1.2, -0.4]))),
    (branch_in_a_loop, (W, M)), (branch_in_a_loop, (W[::-1], M[:, ::-1])), (iteration, (V,)),
    (recursion_over_a_capture, (V,)), (through_a_helper, (V,)), (one_of_two, (V, W, True)), (one_of_two, (V, W, False)),
    (read_under_a_branch, (V, W)), (read_under_a_branch, (V, V)), (elementwise, (V, W)), (elementwise, (V[::2], W[:3])),
    (elementwise, (V, W[:1])), (broadcast, (M, V)), (broadcast, (N.T, V)), (axes, (M,)), (masks, (V,)),
    (captured_scalar, (V, 0.3)), (slices, (V,)), (rows, (M,)), (rows, (N.T,)), (products, (M, N, S[0])), (halves, (V,)),
    (made, (6, 0.7)), (steps, (S[0], S, 4)), (elementwise, (V[:1], W)), (elementwise, (V[:0], W[:0])),
    (extremes, (M,)), (extremes, (N.T,)), (spread, (M,)), (spread, (N.T,)),
    (arranged, (M, V)), (arranged, (N.T[:3], V)), (one_result_of_two, (V,)), (maybe, (V, True)), (maybe, (V, False)),
    (exchanged, (V,)),
]  # fmt: skip


def negative(x):
    return -x, +x, ~(x > 0), abs(x)


def comparisons(x, y):
    return x < y, x == y, x != y, (x >= y) & (x > 0), (x <= 0) | (y > 0)


def whole_numbers(x, y):
    return x + y, x * 2 - y, x // y, x % y, x / y, x > y, -x, x & y


def attributes(m):
    return m.shape, m.ndim, m.size, len(m), m.T


def results(m, v):
    return m * v, v, m[1], m[:, 2], m[1:, ::-1], m.sum(axis=1, keepdims=True), np.sum(m), m[0, 1]


def creations(n):
    return (
        np.zeros(n),
        np.ones((2, n)),
        np.arange(n),
        np.arange(1.0, n, 0.5),
        np.eye(n),
        np.full(3, 1.5),
        np.arange(2, n),
    )


PRIMALS = [
    (negative, (V,)), (comparisons, (V, W)), (comparisons, (M, V)), (comparisons, (V, 0.0)),
    (whole_numbers, (np.array([7, -7, 3, 0]), np.array([2, 2, -5, 0]))), (whole_numbers, (np.arange(4), 3)),
    (attributes, (M,)), (attributes, (np.zeros((0, 2)),)), (results, (M, V)), (results, (N.T[:3], V)),
    (creations, (4,)),
]  # fmt: skip
