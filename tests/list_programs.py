"""Programs with lists, as CPython runs them, with arguments; `DERIVATIVES` are differentiated too."""

import numpy as np

V = np.array([0.9, 1.1, -0.4, 0.7, 1.6])
M = np.arange(6.0).reshape(2, 3) * 0.2 - 0.3


# -- of a known length ------------------------------------------------------------------------------------------------
def layers(x, w1, b1, w2):
    h = x
    for w, b in [(w1, b1), (w2, np.zeros(1))]:
        h = np.tanh(h @ w + b)
    return np.sum((h[:, 0] - 1.0) ** 2)


def updates(x, w1, w2):
    params, grads = [w1, w2], [w1 * x, w2 * 2]
    params = [p - 0.1 * g for p, g in zip(params, grads)]
    return np.sum(params[0] ** 2) + np.sum(params[1] ** 2)


def functions(x):
    fs = [lambda z: z * x * i for i in range(3)]  # noqa: B023
    return fs[0](x) + fs[2](x)


def matrix_of_rows(x):
    a = np.array([[x, 1.0, x * x], [2.0, x, 3.0]])
    b = np.concatenate([a, a[::-1] * 2.0])
    return np.sum(np.stack([b[0], b[-1]]) ** 2)


def two_names(x):
    xs = [x, 1.0]
    ys = xs
    ys.append(x * x)
    return sum(xs) * len(xs)


def items_that_are_written(x):
    pair = [x * 1.0, x * 2.0]
    pair[0][1] = pair[1][0]
    pair[1] = pair[0] * pair[1]
    return np.sum(pair[0] * pair[1])


# -- of any length ----------------------------------------------------------------------------------------------------
def comprehension(v):
    squares = np.array([x * x + i for i, x in enumerate(v)])
    total = sum(a * b for a, b in zip(squares, v))
    return total + squares[-1]


def history(v, n):
    h = []
    for i in range(n):
        v = v * 0.5 + np.sin(v) * i
        h.append(v)
    return np.sum(np.stack(h) ** 2) + np.sum(h[0] * h[-1])


def growing(x, n):
    h = [x]
    for i in range(n):
        h.append(h[i] * h[-1] * 0.5 + 0.3)
    return h[n] + sum(h)


def pairs(v, n):
    h = [(0.0, v[0])]
    for i in range(n):
        h.append((h[-1][0] + v[i], h[-1][1] * v[i]))
    return h[n][0] + h[n][1]


def filtered(v):
    return sum([x * x for x in v if x > 0.8]) * max([x * 2 for x in v])


def callee(x):
    def add(xs, v):
        xs.append(v)

    h = [1.0]
    add(h, x)
    add(h, x * x)
    return h[0] + h[1] * h[2] + len(h)


def written(x, n):
    h = [0.0] * n
    h[0] = x
    for i in range(1, n):
        h[i] = h[i - 1] * x + 1.0
        h[i - 1] += x
    return h[n - 1] * h[n // 2]


def rows_of_a_matrix(m):
    return np.sum(np.stack([row * i for i, row in enumerate(m)]) ** 2)


# -- without derivatives ----------------------------------------------------------------------------------------------
def fibonacci(n):
    f = [0] * (n + 1)
    f[1] = 1
    for i in range(2, n + 1):
        f[i] = f[i - 1] + f[i - 2]
    return f


def stack_machine(n):
    todo, total = [n], 0
    while todo:
        k = todo.pop()
        total += k
        if k > 1:
            todo.append(k - 1)
            todo.extend((k // 2, 1))
    return total


def slices(n):
    h = [i * 1.0 for i in range(n)]
    return h[1:3] + h[::-1] + [7.0], h[-2:], h[:0]


def results(x, n):
    return [x, (1, [2.0, x])], [(i, i * x, None) for i in range(n)], [np.ones(2) * i for i in range(n)], []


def quantified(v, n):
    flags = [x > 0.8 for x in v]
    return any(flags), all(flags), min([i for i in range(n)]), list(range(n)), sum([True for _ in range(n)])


def searched(x):
    xs = [1, x, 3]
    return 2 in xs, x in xs, xs == [1, x, 3], xs != [1], len(xs), not [], xs < [1, x + 1]


def aliased_in_a_loop(n):
    xs = [0]
    for i in range(n):
        ys = xs
        ys.append(i)
    return xs


def a_list_of_its_own(n):
    xs = [i for i in range(n)]
    ys = list(xs)
    zs = xs + []  # noqa: RUF005
    xs.append(7)
    xs += [8]
    return xs, ys, zs


def one_array_twice(x):
    a = x.copy()
    items, pair, again = [a, a], (a, a[1:]), [x * 2.0] * 2
    items[0][0] = 7.0
    pair[0][1] = 5.0
    again[1][2] = 3.0
    return items, pair, again


def an_array_twice_in_a_list(x):
    xs = [x * 2.0] * 2
    xs[0][0] = 7.0
    return xs[1]


def a_pair_of_one_array(x):
    y = x * 1.0
    pair = (y, y[1:])
    pair[0][1] = 7.0
    return pair[1]


def items_that_grow(x):
    y = x * 1.0
    xs = [y]
    xs[0] += 1.0
    xs[0] *= xs[0][::-1]
    return y, xs[0]


def one_of_two(x, c):
    a, b = x * 1.0, x * 2.0
    xs = [a, a if c > 0 else b]
    xs[0][1] = 5.0
    return xs[1], xs[0]


def a_list_twice_in_a_list():
    row = [1.0, 2.0]
    rows = [row, row]
    rows[0][1] += 3.0
    return rows[1], row


def given_to_a_function(x):
    def written(items):
        items[0][0] = 5.0
        return items[1]

    y = x * 1.0
    return written([y, y]), written([x * 1.0, x * 2.0])


def all_items(x):
    def grown(items):
        for item in items:
            item += 1.0
        return items

    y = x * 1.0
    return grown([y, y]), grown([x * 1.0, x * 2.0])


def reversed_views(x, n):
    history = [x[::-1] * 1.0 for _ in range(n)]
    for _ in range(n):
        history.append(x[::-1])
    return np.sum(history[-1] * x) + np.sum(history[0][1:] * x[:-1]) + np.sum(np.tanh(np.stack(history)))


# -- of arguments -----------------------------------------------------------------------------------------------------
def params():
    return [(np.ones((5, 3)) * 0.3 + np.eye(5, 3), np.ones(3) * 0.1), (np.ones((3, 1)) * 0.2, np.ones(1))]


def loss(ps, x):
    h = x
    for w, b in ps:
        h = np.tanh(h @ w + b)
    return np.sum((h - 0.3) ** 2)


def read(xs, n):
    return len(xs), xs[-1], xs[1:], xs + xs, sum(xs), [x * n for x in xs], xs[1:][n], xs == [1, 2.0, 3]


def items_of_a_tuple(p):
    a, xs = p
    a[0] = 5.0
    xs[1] += a
    return xs[0] + xs[1]


def descent_in_place(ps, g):
    for w, b in ps:
        w -= g * w
        b += 1.0


def nested(xss):
    xss[0][1][1:] *= 2.0
    return xss[1][0]


def under_names(xs):
    a, ys = xs[0], xs[1:]
    a[0], ys[0][1] = 1.0, 2.0
    return xs[0] + xs[1]


def in_a_function(xs):
    def fill(y, v):
        y[0] = v

    for i, x in enumerate(xs):
        fill(x, i)
    return xs


def one_of_the_items(xs, c):
    a = xs[0] if c > 0 else xs[1]
    a[0] = 3.0
    return xs[1]


def a_recurrence(xs):
    for i in range(1, len(xs[0])):
        for x in xs:
            x[i] = x[i - 1] + xs[0][i]


def lists_of_their_own(xs):
    ys, zs, ws, us = list(xs), xs[:], xs + [], xs * 1  # noqa: RUF005
    ys.append(ys[0] * 2)
    zs[0] = ys[2]
    zs[0][1] = 3.0
    ws.pop()[0] = 7.0
    us[0] += 1.0
    return xs, ys, zs, ws, us


def rebound(xs):
    xs = [x - 0.1 for x in xs]
    xs[0] -= 1.0
    xs.append(xs[0])
    return xs


PRIMALS = [
    (a_list_twice_in_a_list, ()),
    (given_to_a_function, (V,)),
    (all_items, (V,)),
    (one_of_two, (V, 1)),
    (one_of_two, (V, -1)),
    (one_array_twice, (V,)),
    (an_array_twice_in_a_list, (V,)),
    (a_pair_of_one_array, (V,)),
    (items_that_grow, (V,)),
    (fibonacci, (20,)),
    (stack_machine, (6,)),
    (slices, (6,)),
    (slices, (0,)),
    (results, (0.5, 3)),
    (results, (0.5, 0)),
    (quantified, (V, 3)),
    (searched, (2,)),
    (searched, (5,)),
    (aliased_in_a_loop, (3,)),
    (a_list_of_its_own, (3,)),
]
DERIVATIVES = [
    (layers, (np.ones((4, 3)) * 0.4, M.T @ M, np.ones(3), np.ones((3, 1)) * 0.2)),
    (updates, (0.7, V, M)),
    (functions, (0.7,)),
    (matrix_of_rows, (0.7,)),
    (two_names, (0.7,)),
    (items_that_are_written, (V,)),
    (comprehension, (V,)),
    (history, (V, 4)),
    (growing, (0.7, 9)),
    (pairs, (V, 4)),
    (filtered, (V,)),
    (callee, (0.7,)),
    (written, (0.7, 7)),
    (rows_of_a_matrix, (M,)),
    (reversed_views, (V, 2)),
]
ARGUMENTS = [
    (loss, (params(), V)),
    (read, ([1, 2.0, 3.0], 1)),
    (items_of_a_tuple, ((V, [V * 2, V * 3]),)),
    (descent_in_place, (params(), 0.5)),
    (nested, ([[V, V * 2], [M]],)),
    (under_names, ([V, V * 2],)),
    (in_a_function, ([V, V * 2],)),
    (one_of_the_items, ([V, V * 2], 1)),
    (one_of_the_items, ([V, V * 2], -1)),
    (a_recurrence, ([V, V * 2],)),
    (lists_of_their_own, ([V, V * 2],)),
    (rebound, ([V, V * 2],)),
]
