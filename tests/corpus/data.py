"""Types that meet: None or a value, tuple or number, int and float, recursive data."""

import math

from corpus.registry import program, values


@program((1.5, 2), (1.5, 5), order=1)
def none_or_a_value(x, n):
    def find(k):
        return None if k > 3 else x * k

    r = find(n)
    if r is None:
        return x * x
    return r + 1


@program((5.5, 0), (5.5, 6), order=1)
def best_so_far(x, n):
    best = None
    for i in range(n):
        v = x * i - i * i
        if best is None or v > best:
            best = v
    return -x if best is None else best


@values((5.5, 0), (5.5, 6))
def returns_none_or_a_value(x, n):
    best = None
    for i in range(n):
        v = x * i - i * i
        if best is None:
            best = v
        else:
            best = max(best, v)
    return best


@program((1.0, True), (1.0, False), order=1)
def tuple_or_number(x, flag):
    if flag:
        y = (x, 2 * x)
    else:
        y = x
    return y[0] + y[1] if flag else y * 1.0


@program((1.0, 2), (1.0, 3), (1.0, 0), order=1)
def tuples_of_different_length(x, n):
    t = (x, 2.0) if n == 2 else (x, x * x, 3.0) if n == 3 else ()
    s = 0.0
    for v in t:
        s = s * 2 + v
    return s + len(t)


@values((1, 2.5), (0, 2.5))
def returns_tuple_or_none(n, x):
    return (x, n) if n else None


@program((1.5, 0), (1.5, 3), joined=True, order=1)
def int_start_of_a_float_sum(x, n):
    total = 0
    for i in range(n):
        total += x * i
    return total


@program((2.0, 0), (2.0, 5), joined=True, order=1)
def int_base_case(x, n):
    return 1 if n == 0 else x * int_base_case(x, n - 1)


@program((2.0, True), (2.0, False), joined=True, order=1)
def int_in_one_branch(x, flag):
    y = 3 if flag else x
    return y + 1


@values((2.5, 0), (2.5, 3), joined=True)
def int_and_float_inside_tuples(x, n):
    t = (0, (1, x))
    for _ in range(n):
        t = (t[0] + x, (t[1][0] + 1, x))
    return t


@program((2.5, 3), (2.5, 0), joined=True, order=1)
def int_and_float_from_a_helper(x, n):
    def least(a, b):
        return a if a < b else b

    return least(n, x) * 2 + least(1, 2)


@values((3, 1.5), (3, 0.5))
def no_pollution_between_calls(n, x):
    def ident(v):
        return v

    return ident(n) // 2, ident(x) // 2, ident(n) % 2, ident(True), ident(None)


@values((2**53 + 1, True), raises=OverflowError, differs=True)
def int_that_is_no_float(n, flag):
    y = n if flag else 0.5
    return y * 1.0


@values((2**53, True), (2**53 + 1, False), joined=True)
def large_int_meets_float(n, flag):
    return n if flag else 0.5


@program((0.4, 5), (0.4, 0), order=2)
def linked_list_by_loop(x, n):
    cell = None
    for i in range(n):
        cell = (x * i, cell)
    s = 0.0
    while cell is not None:
        s = s * x + cell[0]
        cell = cell[1]
    return s


@program((0.4, 5), (0.4, 0), order=2)
def linked_list_by_recursion(x, n):
    def build(k):
        return None if k == 0 else (x + k, build(k - 1))

    def fold(f, acc, t):
        return acc if t is None else fold(f, f(acc, t[0]), t[1])

    return fold(lambda a, b: math.sin(a) + b * x, 0.5, build(n))


@program((0.4, 4), (0.4, 0), order=2)
def map_and_reverse_lists(x, n):
    def map_(f, t):
        return None if t is None else (f(t[0]), map_(f, t[1]))

    def reverse(t):
        out = None
        while t is not None:
            out = (t[0], out)
            t = t[1]
        return out

    def total(t):
        return 0.0 if t is None else t[0] + 0.5 * total(t[1])

    xs = None
    for i in range(n):
        xs = (i * x, xs)
    return total(map_(lambda v: v * v + x, reverse(map_(math.sin, xs)))) + total(xs)


@program((0.4, 3), (0.4, 2), order=1)
def two_lists_meet(x, n):
    xs = None
    ys = None
    for i in range(n):
        xs = (x * i, xs)
    for i in range(n + 1):
        ys = (x + i, (1.0, ys) if i > 99 else ys)
    zs = xs if n > 2 else ys
    s = 0.0
    while zs is not None:
        s = s + zs[0]
        zs = zs[1]
    return s


@program((0.4, 3), (0.4, 0), order=2)
def list_of_pairs(x, n):
    def pair(a, b):
        return (a, b)

    xs = None
    for i in range(n):
        xs = pair(i, pair(x + i, xs))
    s = 0.0
    while xs is not None:
        s = s + xs[0] * xs[1][0] ** 2
        xs = xs[1][1]
    return s


@program((0.4, 3), (0.4, 0), order=2)
def trees(x, depth):
    def tree(d):
        return None if d == 0 else (tree(d - 1), x * d, tree(d - 1))

    def total(t):
        return 0.5 if t is None else math.sin(total(t[0])) + t[1] * total(t[2])

    return total(tree(depth))


@program((0.4, 4), order=2)
def unbalanced_trees(x, n):
    def insert(t, v):
        if t is None:
            return (None, v, None)
        left, w, right = t
        return (insert(left, v), w, right) if v < w else (left, w, insert(right, v))

    def depth_weighted(t, d):
        if t is None:
            return 0.0
        return depth_weighted(t[0], d + 1) + t[1] * d + depth_weighted(t[2], d + 1)

    t = None
    for i in range(n):
        t = insert(t, math.sin(x + 2.5 * i))
    return depth_weighted(t, 1)


@program((0.4,), order=2)
def recursion_over_a_tuple(x):
    def total(t):
        return t[0] if len(t) == 1 else t[0] + 0.5 * total(t[1:])

    return total((x, 2.0, x * x, 3))


@program((0.4, 2.0), grad=(0, 1), order=2)
def expression_trees(x, y):
    def evaluate(e):
        if isinstance(e, float):
            return e
        op, a, b = e
        return evaluate(a) + evaluate(b) if op == "add" else evaluate(a) * evaluate(b)

    return evaluate(("add", ("mul", x, y), ("mul", ("add", x, 1.0), y)))


@program((0.4, 3), (0.4, 1), order=2)
def stack_machine(x, n):
    stack = (x, (2.0, None))
    for i in range(n):
        a, rest = stack
        if i % 2 == 0:
            stack = (a * 0.5, (math.sin(a), rest))
        else:
            b, below = rest
            stack = (a + b * x, below)
    return stack[0]


@program((0.4, 5), order=1)
def queue_of_two_lists(x, n):
    front, back = None, None
    for i in range(n):
        back = (x * i + 1.0, back)
    s = 0.0
    for _ in range(n):
        if front is None:
            while back is not None:
                front = (back[0], front)
                back = back[1]
        if front is not None:
            s = s * x + front[0]
            front = front[1]
    return s


@program((0.7, True), (0.7, False), order=1)
def function_or_none(x, flag):
    f = math.sin if flag else None
    return x if f is None else f(x) * 2


@program((0.7, 1), (0.7, 0), order=1)
def optional_arguments(x, n):
    def helper(y, z=None):
        if z is None:
            return y * 2
        return y * z

    w = x if n else None
    return helper(x) + helper(x, x) + helper(x, w)


@values((1.0, True), raises=TypeError)
@values((1.0, False))
def none_where_a_number_is_needed(x, flag):
    y = None if flag else x
    return y + 1.0


@values((1.0, 5), raises=TypeError)
@values((1.0, 1))
def number_where_a_tuple_is_needed(x, n):
    y = x if n > 3 else (x, x)
    return y[0]


@values((3, 1.0))
def choice_by_type(n, x):
    def describe(v):
        if v is None:
            return 0
        if isinstance(v, bool):
            return 1
        if isinstance(v, int):
            return 2
        if isinstance(v, float):
            return 3
        return 4 + len(v)

    return describe(None), describe(n > 1), describe(n), describe(x), describe((n, x)), describe(())
