"""Programs whose loops hand arrays from one name to another and write to them, as NumPy runs them, with arguments."""

import numpy as np

V = np.array([3.0, 1.0, 2.0, 0.5, -1.0])


def swapped(u, n):
    u = u.copy()
    w = np.zeros(len(u))
    for _ in range(n):
        w[1:-1] = u[2:] * u[:-2]
        u, w = w, u
    return np.sum(u * u) + w[1]


def through_a_temporary(u, n):
    u, w = u * 2.0, np.ones(len(u))
    for i in range(n):
        for k in range(1, len(u)):
            w[k] = u[k - 1] * u[k] + i
        t = u
        u = w
        w = t
    return np.sum(u * w)


def rotated(u, n):
    a, b, c = u.copy(), u * 2.0, np.zeros(len(u))
    for _ in range(n):
        c[:] = a * b - c
        a, b, c = b, c, a
    return np.sum(a) + 2.0 * np.sum(b) + 3.0 * np.sum(c)


def in_both_loops(u, n):
    a, b = u.copy(), np.ones(len(u))
    for i in range(n):
        for _ in range(i):
            b[0] = a[1] * 0.5 + b[1]
            a, b = b, a
        a[2] += b[2] * a[0]
        a, b = b, a
    return np.sum(a) - np.sum(b * b)


def by_a_function(u, n):
    def step(old, new):
        for i in range(1, len(old) - 1):
            new[i] = old[i - 1] + 0.5 * old[i + 1] * old[i]

    a, b = u.copy(), u.copy()
    for _ in range(n):
        step(a, b)
        a, b = b, a
    return np.sum(a * a) + np.sum(b)


def both_are_written(u, n):
    a, b = u.copy(), u + 1.0
    for i in range(n):
        a[i % 5] *= b[0]
        b[0] += a[1]
        a, b = b, a
        a += 0.1 * b
    return np.sum(a * a - b)


def a_new_one_sometimes(u, n):
    a, b = u.copy(), u + 1.0
    for i in range(n):
        b[1] = a[0] * a[1]
        a, b = b, a
        if i % 2 == 1:
            b = a.copy()
    return np.sum(a * a - b)


def under_a_branch(u, n):
    a, b = u.copy(), u + 1.0
    for i in range(n):
        b[1] = a[0] * a[1] + b[i % 3]
        if a[1] > b[1]:
            a, b = b, a
    return np.sum(a * a - b)


def views_inside(u, n):
    a, b = u.copy(), u + 1.0
    for _ in range(n):
        middle = a[1:-1]
        b[1:-1] = middle * b[:-2]
        a, b = b, a
        ends = b[::4]
        a[0] += ends[1]
    return np.sum(a * a - b)


def after_the_loop(u, n):
    a, b = u.copy(), u + 1.0
    for _ in range(n):
        b[1:] = a[:-1] * 0.5
        a, b = b, a
    c = a * a
    b[0] = 7.0 * a[1]
    a[0] = b[0] * c[0]
    return np.sum(a + 2.0 * b)


def two_pairs(u, n):
    a, b, c, d = u.copy(), u + 1.0, u + 2.0, u + 3.0
    for _ in range(n):
        b[1] = a[0] + c[1]
        d[1] = c[0] * b[1]
        a, b, c, d = c, d, a, b
    return np.sum(a + 2.0 * b + 3.0 * c * d)


# -- one array under two names ----------------------------------------------------------------------------------------
def another_name_outside(u, n):
    a, b = u.copy(), np.zeros(len(u))
    first, second = a, b
    for _ in range(n):
        b[1:-1] = a[2:] + a[:-2]
        a, b = b, a
    return np.sum(a) + 2.0 * first[1] + 3.0 * second[2]


def a_view_of_before(u, n):
    a, b = u.copy(), u + 1.0
    before = a[:2]
    total = 0.0
    for _ in range(n):
        b[0] = a[1] + before[0]
        total += before[1]
        before = b[:2]
        a, b = b, a
    return total


def the_same_from_some_iteration_on(u, n):
    a, b = u.copy(), u + 1.0
    for i in range(n):
        b[0] = a[1] + b[0]
        if i == 1:
            a = b
        a, b = b, a
    return np.sum(a + 2.0 * b)


def the_same_at_first(u, n):
    a = u.copy()
    b = a
    for _ in range(n):
        b[1:] = a[:-1] * 0.5
        a, b = b, a
    return np.sum(a + 2.0 * b)


def a_closure_that_holds_one(u, n):
    a, b = u.copy(), u + 1.0

    def first():
        return a[0]

    total = 0.0
    for _ in range(n):
        b[0] = first() + a[1]
        total += first()
        a, b = b, a
    return total + first()


def taken_from_a_third(u, n):
    a, b, c = u.copy(), u + 1.0, u + 2.0
    for i in range(n):
        b[0] = a[1] + c[0]
        c[0] = b[1]
        a, b = b, c if i > 1 else a
    return np.sum(a + 2.0 * b + 3.0 * c)


APART = [
    swapped,
    through_a_temporary,
    rotated,
    in_both_loops,
    both_are_written,
    a_new_one_sometimes,
    views_inside,
    after_the_loop,
    two_pairs,
]
SHARED = [
    under_a_branch,
    by_a_function,
    another_name_outside,
    a_view_of_before,
    the_same_from_some_iteration_on,
    the_same_at_first,
    a_closure_that_holds_one,
    taken_from_a_third,
]

DERIVATIVES = [(f, (V, 3)) for f in APART]
PRIMALS = [(f, (V, 3)) for f in SHARED]
