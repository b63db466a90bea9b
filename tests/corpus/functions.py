"""Functions as values: closures, lambda sets, captured variables that change."""

import math

from corpus.registry import program, values

OFFSET = 0.25


def twice(f):
    return lambda z: f(f(z))


@program((1.3, 2.1), grad=(0, 1), order=3)
def captures(x, y):
    def g(z):
        return z * y + x

    def h(k):
        return g(k) * x + OFFSET

    return h(y) + g(x)


@program((0.4, True), (0.4, False), order=2)
def chosen_by_a_flag(x, flag):
    f = math.sin if flag else (lambda z: z * z * x)
    return f(x) + f(2 * x)


@program((0.4, 0), (0.4, 1), (0.4, 5), order=2)
def returned_from_branches(x, n):
    def pick(k):
        if k == 0:
            return lambda z: z
        if k == 1:
            return lambda z: z * k * x
        return math.sin

    return pick(n)(0.5) + pick(n + 1)(x)


@program((0.3, 4), (0.3, 0), order=2)
def chosen_in_a_loop(x, n):
    table = (math.sin, lambda z: z * z + x, math.tanh)
    y = x
    for i in range(n):
        f = table[0] if i % 3 == 0 else (table[1] if i % 3 == 1 else table[2])
        y = f(y) + x
    return y


@program((1.5, 2.0), (2.5, 2.0), grad=(0, 1), order=2)
def tuples_of_functions(a, b):
    t = (lambda z: z * a, lambda z: z + 1)
    u = (lambda z: z - b, lambda z: a * b)
    p = t if a > b else u
    return p[0](2.0) + p[1](3.0) * a


@program((1.1, 5), (1.1, 0), order=3)
def composed_in_a_loop(x, n):
    def compose(f, g):
        return lambda z: f(g(z))

    f = lambda z: z
    for _ in range(n):
        f = compose(lambda z: math.sin(z) * x, f)
    return f(x)


@program((0.5, 3), (0.5, 0), order=2)
def two_compositions_in_a_loop(x, n):
    def compose(f, g):
        return lambda z: f(g(z))

    f = lambda z: z * x
    g = lambda z: z + 1
    for _ in range(n):
        f = compose(g, f)
        g = compose(math.sin, g)
    return g(f(x))


@program((0.4, 3), (0.4, 0), order=2)
def church_numerals_by_loop(x, n):
    succ = lambda m: lambda f: lambda z: f(m(f)(z))
    numeral = lambda f: lambda z: z
    for _ in range(n):
        numeral = succ(numeral)
    return numeral(lambda z: math.sin(z) + x)(x)


@program((0.4,), order=2)
def church_arithmetic(x):
    two = lambda f: lambda z: f(f(z))
    three = lambda f: lambda z: f(f(f(z)))
    plus = lambda m, n: lambda f: lambda z: m(f)(n(f)(z))
    step = lambda z: z * 0.9 + x
    return two(three)(step)(0.1) + three(two)(step)(x) + plus(two, three)(lambda z: z * x)(1.0)


@program((0.4,), order=2)
def twice_twice(x):
    return twice(twice)(lambda z: z * 0.5 + x)(1.0) + twice(lambda z: math.sin(z))(x)


@program((0.4, 0.9), grad=(0, 1), order=2)
def curried(x, y):
    add3 = lambda a: lambda b: lambda c: a * b + c * x
    return add3(x)(y)(1.0) + add3(1.0)(x)(y)


@program((0.7, 2), (0.7, 0), order=2)
def adders_in_a_linked_list(x, n):
    def adder(i):
        return (lambda z: z + i) if i > 1 else (lambda z: z * x)

    fs = ()
    for i in range(n + 1):
        fs = (adder(i), fs)
    s = x
    while fs:
        s = fs[0](s)
        fs = fs[1]
    return s


@program((0.7, 4), (0.7, 0), order=2)
def assigned_after_capture(x, n):
    k = 1.0
    g = lambda z: z * k
    k = x
    a = g(x)
    for _ in range(n):
        k = k * 0.5 + 1.0
        a += g(2.0)
    return a + g(1.0)


@program((0.7,), order=2)
def late_binding_of_a_loop_variable(x):
    fs = ()
    for i in range(3):
        fs = fs + (lambda z: z * x * i,)
    return fs[0](x) + fs[2](1.0)


@program((0.7,), order=2)
def late_binding_in_a_comprehension(x):
    fs = tuple(lambda z: z * x + i for i in range(3))
    return fs[0](x) + fs[1](1.0) * fs[2](x)


@program((0.7,), order=2)
def defaults_bind_early(x):
    fs = tuple(lambda z, i=i: z * x + i for i in range(3))
    return fs[0](x) + fs[1](1.0) * fs[2](x)


@program((0.7, 3), (0.7, 0), order=2)
def default_evaluated_once(x, n):
    k = x

    def f(z, w=k * 2):
        return z * w + k

    for _ in range(n):
        k = k + 1.0
    return f(x) + f(1.0, w=x)


@program((1.5, 3), (1.5, 0), order=2)
def nonlocal_total(x, n):
    total = 0.0

    def add(z):
        nonlocal total
        total += z * x

    for i in range(n):
        add(i + 1.0)
    return total * total


@program((1.5,), order=2)
def two_counters(x):
    def counter(step):
        value = x

        def bump():
            nonlocal value
            value = value * step
            return value

        return bump

    a, b = counter(2.0), counter(x)
    return a() + b() + a() * b() + a()


@program((1.5,), order=2)
def shared_cell(x):
    value = x

    def read():
        return value * 2

    def write(z):
        nonlocal value
        value = z * x

    before = read()
    write(3.0)
    return before + read() * value


@program((0.5, 4), (0.5, 1), order=2)
def nonlocal_in_recursion(x, n):
    calls = 0
    total = 0.0

    def walk(k):
        nonlocal calls, total
        calls += 1
        total += x * k
        if k > 0:
            walk(k - 1)
            walk(k - 2)

    walk(n)
    return total * calls + total * total


@program((0.5, True), (0.5, False), order=2)
def nonlocal_in_one_branch(x, flag):
    y = x

    def change():
        nonlocal y
        y = math.exp(y)

    if flag:
        change()
    return y * x


@program((0.5,), order=2)
def nonlocal_two_levels_up(x):
    y = x

    def outer():
        z = 1.0

        def inner():
            nonlocal y, z
            y, z = y + z, y * z

        inner()
        inner()
        return z

    return outer() * y


@program((0.6, 4), (0.6, 0), order=2)
def captured_variable_changes_in_the_loop(x, n):
    y = x
    f = lambda z: z * y + 1.0
    for i in range(n):
        y = f(y) * 0.3 + i
    return y + f(x)


@program((0.6,), order=2)
def defined_before_what_it_uses(x):
    def f(z):
        return g(z) + c

    def g(z):
        return z * c

    c = x * 2
    return f(x)


@program((0.6, 3), order=2)
def parameter_assigned_after_capture(x, n):
    f = lambda: x * n
    x = x + 1.0
    n = n + 1
    return f() * x


@program((0.6, 3), (0.6, 0), order=2)
def recursive_local_captures_loop_state(x, n):
    total = 0.0
    for i in range(n):

        def go(k):
            return x if k == 0 else go(k - 1) * 0.5 + i

        total += go(i)
    return total


@program((0.4, 1), (0.4, 2), (0.4, 7), order=2)
def functions_meet_at_a_join(x, n):
    if n > 5:
        f = lambda z: z * n
    elif n > 1:

        def f(z):
            return z + x

    else:
        f = math.cos
    g = f
    for i in range(2):
        g = (lambda h: lambda z: h(z) * x)(g) if i == n - 1 else g
    return f(x) * g(1.0)


@program((0.7,), order=2)
def function_returns_functions_in_a_tuple(x):
    def pair(a):
        return (lambda z: z * a), (lambda z: z + a)

    p, q = pair(x)
    r, s = pair(p(2.0))
    return q(r(1.0)) * s(x)


@program((0.7, 1.2), grad=(0, 1), order=2)
def objects_by_closures(x, y):
    def point(a, b):
        return lambda message: a if message == "first" else b

    def length(p):
        return math.sqrt(p("first") ** 2 + p("second") ** 2)

    return length(point(x, y)) + length(point(1.0, x))


@program((0.7, 3), (0.7, 0), order=2)
def streams(x, n):
    def numbers(a):
        return (a, lambda: numbers(a * x + 0.1))

    s = numbers(1.0)
    total = 0.0
    for _ in range(n):
        total += s[0]
        s = s[1]()
    return total + s[0]


@program((0.8,), order=2)
def globals_and_builtins_as_values(x):
    fs = (abs, float, math.sqrt, twice(math.sin))
    s = 0.0
    for f in fs:
        s += f(x)
    return s + (max if x > 0 else min)(x, 0.3)


@values((3,), (0,))
def polymorphic_helper(n):
    def double(v):
        return v + v

    return double(n), double(1.5), double((n, 1.0)), double(True)


@program((0.3, True), (0.3, False), order=2)
def flag_known_inside_the_closure(x, flag):
    def run(f, verbose):
        return f(x) if verbose else -f(x)

    return run(math.sin, flag) + run(lambda z: z * z, not flag)


@program((0.4, 6), order=2)
def memory_of_the_last_value(x, n):
    last = None

    def step(z):
        nonlocal last
        previous = z if last is None else last
        last = z
        return z - 0.5 * previous

    s = 0.0
    for i in range(n):
        s += step(x * i) * step(x + i)
    return s


@program((0.9,), order=2)
def argument_functions_with_keywords(x):
    def apply(f, *args, scale=1.0):
        return f(*args) * scale

    return apply(lambda a, b: a * b, x, 2.0) + apply(math.sin, x, scale=x) + apply(lambda: x)
