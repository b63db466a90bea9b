"""Programs that write to arrays, as NumPy runs them, with arguments; `DERIVATIVES` are differentiated too."""

import numpy as np

V, W = np.array([3.0, 1.0, 2.0, 0.5]), np.array([0.3, -0.7, 1.1, 0.2])
M = np.arange(6.0).reshape(2, 3) - 2.5
SPD = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
B = np.array([1.0, 2.0, -1.0])


# -- one name ---------------------------------------------------------------------------------------------------------
def recurrence(x, a):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] + np.sin(x[i]) * y[i - 1] ** 2 + x[i]
    y *= 2.0
    y[1:3] += x[1:3]
    return np.sum(y**2)


def stencil(u, alpha):
    u = u.copy()
    for _ in range(7):
        u[1:-1] = u[1:-1] + alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def cholesky(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            if i == j:
                low[i, j] = np.sqrt(s)
            else:
                low[i, j] = s / low[j, j]
    return np.sum(low * low * np.arange(n))


def warping(a, b):
    d = np.full((len(a) + 1, len(b) + 1), 1e9)
    d[0, 0] = 0.0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i, j] = (a[i - 1] - b[j - 1]) ** 2 + min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
    return d[-1, -1]


def conjugate_gradients(a, b):
    x = np.zeros(3)
    r = b - a @ x
    p = r.copy()
    rs = r @ r
    for _ in range(2):
        ap = a @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return np.sum(x * x)


def jacobi(a, b):
    x = np.zeros(3)
    for _ in range(4):
        new = x.copy()
        for i in range(3):
            s = 0.0
            for j in range(3):
                if j != i:
                    s += a[i, j] * x[j]
            new[i] = (b[i] - s) / a[i, i]
        gap = np.sum((new - x) ** 2)
        x = new
        if gap < 1e-12:
            break
    return x @ b


def power_iteration(a, v):
    for _ in range(3):
        v = a @ v
        v /= np.linalg.norm(v)
    return v @ a @ v


def bubble_sort(x):
    x = x.copy()
    for i in range(len(x)):
        for j in range(len(x) - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return np.sum(x * np.arange(len(x)))


def in_a_branch(x, c):
    y = np.zeros(4)
    if c > 0:
        y[0] = c * x[1]
    else:
        y[1:] = x[1:]
    return np.sum(y * y)


def a_row_of_a_loop(x, n):
    a = x.reshape(2, 2) * 1.0
    for i in range(n):
        row = a[i]
        a[i, 0] += 1.0
    row[1] = 7.0 * row[0]  # a view of the last row, if there is one
    return np.sum(a**2) + np.sum(row**3)


def sieve(n):
    prime = np.ones(n, dtype=bool)
    prime[:2] = False
    for i in range(2, n):
        if prime[i]:
            prime[i * i :: i] = False
    return np.flatnonzero(prime)


def strided(x, step):
    y = x.copy()
    every = y[1::step]
    every *= y[0] + x[1:2]
    y[::step] += every[0] * x[::step]
    return np.sum(y**3)


def sorted_in_place(x):
    a, m = x * 1.0, np.outer(x, x)
    b = a[::-1]
    b.sort()
    m[0].sort()
    m.sort(axis=0)
    m[1:, 1].fill(3.0)
    return np.sum(a * x) + np.sum(m * a)


def diagonals_filled(x):
    m, k, c = np.outer(x, x[:3]), np.ones((5, 2)), np.zeros((2, 2, 2))
    np.fill_diagonal(m, x[1])
    np.fill_diagonal(k, [x[0], 2.0, 3.0])
    np.fill_diagonal(c, x[:1])
    return np.sum(m**2) + np.sum(k**2) + np.sum(c**2)


def copied_to(x):
    a = x.copy()
    np.copyto(a[1:], 2.0 * x[:-1])
    b = np.empty(3)
    b.fill(x[0])
    np.copyto(b[1:], 2)
    return np.sum(a**2) + np.sum(b**3)


def into_an_output(x):
    out, m = np.empty_like(x), np.outer(x, x)
    np.multiply(x, 0.2, out=out)
    r = np.exp(out, out=out)
    r[0] = x[1]
    s, t = np.zeros(4), np.zeros((2, 4))
    np.sum(m, axis=0, out=s)
    np.dot(m, x, out=t[1])
    m.clip(0.3, 1.3, out=m)
    return np.sum(out**2) + np.sum(s * r) + np.sum(t**2) + np.sum(m**2)


def put_over_what_was_joined(x):
    y = np.concatenate([x[1:], x[:2]]) * 1.0
    z = np.roll(x, 1)
    w = np.concatenate([x, 2.0 * x])
    z[:] = x[:]
    w[1:5] = y[1:] * x
    w[:3] += z[1:]
    return np.sum(np.tanh(z)) + np.sum(x**2) + np.sum(w**3)


def made_in_one_iteration(x, n):
    for i in range(n):
        if i == 0:
            y = x * x
        else:
            w = y
            y = w + 1.0
            y[0] = w[1] * y[0]
    return np.sum(y * y)


def old_value(x):
    y = x**2
    x = x.copy()
    x[0] = y[1] * y[0]
    return np.sum(x * y)


def the_best_so_far(x):
    y = np.zeros(4)
    best = y
    for i in range(4):
        y = y.copy()
        y[i] += x[i] ** 2
        if i == 1:
            best = y
    return np.sum(best + y)


def helper_that_returns(x):
    def filled(y, v):
        y[0] = v
        return y

    return np.sum(filled(np.zeros(2), x[0] * x[1]))


def of_items(x):
    a = np.zeros((2, 4))
    a[0][1] = x[0]
    a[1][:] = 2 * x
    a[1, 1:] *= x[1:]
    a[:, 0] += 1.0
    return np.sum(a * a)


# -- several names ----------------------------------------------------------------------------------------------------
def another_name(x):
    y = x * 1
    z = y
    y[0] = 7.0 * x[1]
    return np.sum(z * z)


def a_view(x, v):
    a = x * 1.0
    b = a[1:]
    b[0] = v
    c = b[::2]
    c[1] *= v
    return np.sum(a**2)


def a_transposed_view(x):
    a = np.zeros((3, 2))
    t = a.T
    t[1] = x[:3]
    t[0, 1:] += x[2:]
    return np.sum(a * np.arange(6.0).reshape(3, 2))


def a_reshaped_view(x):
    a = np.zeros(4)
    a.reshape(2, 2)[1] = x[:2]
    a[0] = x[3]
    return np.sum(a * a)


def rows(m):
    m = m + 0.0
    for row in m:
        row *= 2
    return np.sum(m * m)


def callee(x):
    def fill(y, v):
        y[0] = v
        y[1] = 2 * v

    y = np.zeros(2)
    fill(y, x[0] * x[1])
    return y[0] + y[1] ** 2


def quicksort(x):
    def sort(a, low, high):
        if low >= high:
            return
        pivot, i = a[high], low
        for j in range(low, high):
            if a[j] < pivot:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[high] = a[high], a[i]
        sort(a, low, i - 1)
        sort(a, i + 1, high)

    x = x.copy()
    sort(x, 0, len(x) - 1)
    return np.sum(x * np.arange(len(x)))


def captured_and_written_later(x):
    y = np.zeros(3)

    def read(i):
        return y[i]

    y[1] = x[0] * x[1]
    return read(1) * read(1)


def closure_that_writes(x):
    y = np.zeros(3)

    def put(i, v):
        y[i] = v

    put(0, x[0])
    put(2, x[1] * x[1])
    return np.sum(y * y)


def in_a_tuple(x):
    y = np.zeros(2)
    pair = (y, 1.0)
    y[0] = x[0]
    pair[0][1] = x[1]
    return np.sum(pair[0] * y)


def two_arguments(x):
    def move(a, b):
        a[0] = b[1]
        b[0] = 5.0
        return np.sum(a)

    y = x * 2.0
    return move(y[:2], y[2:]) + np.sum(y)


# -- without derivatives ----------------------------------------------------------------------------------------------
def swapped(u, n):
    u = u.copy()
    w = np.zeros(len(u))
    for _ in range(n):
        w[1:-1] = u[2:] + u[:-2]
        u, w = w, u
    return u


def swapped_with_itself(u, n):
    u = u.copy()
    w = u
    for _ in range(n):
        w[1:-1] = u[2:] + u[:-2]
        u, w = w, u
    return u


def the_same_twice(x):
    def move(a, b):
        a[0] = b[1]
        return b[0]

    y = x * 2.0
    return move(y, y)


def every_index(x, i):
    y = x.copy()
    y[i] = 5.0
    y[-1] -= 1
    y[::2] *= 2
    y[...] = y + 1
    y[None, 0] = 3
    y[::-1] = x
    return y


def whole_numbers(k):
    c = np.arange(3)
    c[0] = k
    c[1] += 2
    c //= 2
    c[2:] = 1.75
    return c


def broadcast(m):
    a = np.zeros((2, 3))
    a[:] = m[0]
    a[:, 1:] += m[:, :1]
    a[1] = 4.0
    return a


def views_of_views(x, n):
    x = x.copy()
    whole, backwards = x, x
    for i in range(n):
        x = x[1:]
        x[0] += i
        backwards = backwards[::-1]
        backwards *= 2
    part = x[::-1][:-1]
    part -= 1
    return whole


def of_a_size_seen_later(x, s):
    x = x.copy()
    x = x[:][np.arange(len(x))]

    def lowered():
        for _ in x[:, None][:, 0]:
            x[0] -= s

    lowered()
    return x


def under_one_of_two_names(x, c):
    a, b = x * 1.0, x * 2.0
    d = a if c > 0 else b
    d[0] = 7.0
    return a, b, d


def subtract_from_it(p):
    p[:-2] -= np.sin(p[2:])
    return p * 2.0


def of_a_size_that_was_one(m):
    m = m.copy()
    m[...] = m[::-1] * 3.0
    m[:] += m[::-1] / (1.5 + m**2)
    m[:, 1:] = m[::-1, :-1]
    m.T[np.arange(2)] *= m[:1].T[:2]
    return np.sum(m**2)


def copied_before_it_is_captured(x):
    x = x.copy()
    x *= x[::-1] + 1.0

    def grow():
        x[:-1] += np.sin(x[1:])
        return x

    return np.sum(grow() * grow()) + np.sum(np.tanh(x))


def callee_and_closure(x):
    y = x * 1.5

    def grow():
        y[1:] += x[:-1]
        return y[::-1]

    a = subtract_from_it(y[:])
    b = grow()
    c = subtract_from_it(y[1:])
    return np.sum(a * b) + np.sum(c**2) + np.sum(np.tanh(y))


def merge(a, left, right):
    i = j = 0
    for k in range(len(a)):
        if j >= len(right) or (i < len(left) and left[i] <= right[j]):
            a[k] = left[i]
            i += 1
        else:
            a[k] = right[j]
            j += 1


def merge_sorted(x):
    def sort(a):
        if len(a) > 1:
            left, right = a[: len(a) // 2].copy(), a[len(a) // 2 :].copy()
            sort(left)
            sort(right)
            merge(a, left, right)

    y = x.copy()
    sort(y)
    return y


def merge_sorted_by_views(x):
    def sort(a):
        if len(a) > 1:
            middle = len(a) // 2
            sort(a[:middle])
            sort(a[middle:])
            left, right = a[:middle].copy(), a[middle:].copy()
            merge(a, left, right)

    y = x.copy()
    sort(y)
    return np.sum(y * np.arange(1.0, len(y) + 1.0))


def a_new_one_in_each_call(x, n):
    def grow(a, n):
        if n > 0:
            b = np.zeros(len(a))
            grow(b, n - 1)
            a += b * 0.5 + 1.0

    y = x.copy()
    grow(y, n)
    return y


def made_in_a_function(x):
    def squares(x):
        out = np.zeros(len(x))

        def put(k):
            out[k] = x[k] ** 2

        for i in range(len(x)):
            put(i)
        return out

    return np.sum(squares(x) * x)


PRIMALS = [
    (sieve, (50,)),
    (merge_sorted, (V,)),
    (merge_sorted_by_views, (V,)),
    (a_new_one_in_each_call, (V, 4)),
    (under_one_of_two_names, (V, 1)),
    (under_one_of_two_names, (V, -1)),
    (of_a_size_seen_later, (V[:1], 0.5)),
    (of_a_size_seen_later, (V, 0.5)),
    (views_of_views, (V, 0)),
    (views_of_views, (V, 2)),
    (swapped, (V, 3)),
    (swapped_with_itself, (V, 3)),
    (the_same_twice, (V,)),
    (every_index, (V, 1)),
    (every_index, (V, -2)),
    (whole_numbers, (5,)),
    (broadcast, (M,)),
]
DERIVATIVES = [
    (made_in_a_function, (V,)),
    (merge_sorted_by_views, (V,)),
    (recurrence, (V, 0.3)),
    (stencil, (V, 0.2)),
    (cholesky, (SPD,)),
    (warping, (V, W)),
    (conjugate_gradients, (SPD, B)),
    (jacobi, (SPD, B)),
    (power_iteration, (SPD, B)),
    (bubble_sort, (V,)),
    (sorted_in_place, (V,)),
    (diagonals_filled, (V,)),
    (copied_to, (V,)),
    (into_an_output, (V,)),
    (put_over_what_was_joined, (V,)),
    (strided, (V, 2)),
    (strided, (V, -1)),
    (a_row_of_a_loop, (V, 1)),
    (a_row_of_a_loop, (V, 2)),
    (made_in_one_iteration, (V, 1)),
    (made_in_one_iteration, (V, 3)),
    (in_a_branch, (V, 0.5)),
    (in_a_branch, (V, -0.5)),
    (old_value, (V,)),
    (the_best_so_far, (V,)),
    (helper_that_returns, (V,)),
    (of_items, (V,)),
    (another_name, (V,)),
    (a_view, (V, 0.7)),
    (a_transposed_view, (V,)),
    (a_reshaped_view, (V,)),
    (rows, (M,)),
    (callee, (V,)),
    (callee_and_closure, (V,)),
    (of_a_size_that_was_one, (V[None, :],)),
    (of_a_size_that_was_one, (M,)),
    (copied_before_it_is_captured, (V,)),
    (quicksort, (V,)),
    (captured_and_written_later, (V,)),
    (closure_that_writes, (V,)),
    (in_a_tuple, (V,)),
    (two_arguments, (V,)),
]
