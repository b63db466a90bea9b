"""Derivatives inside programs: `grad`, `value_and_grad`, `taylor`, `jvp`, `vjp`, nested and over active closures."""

import math

import tapeless as tl

from corpus.registry import error, program, refused

EXACT = {"inexact": True}


def cube(z):
    return z * z * z


@program((1.5,), order=2, **EXACT)
def inner_grad(x):
    return tl.grad(cube)(x) * x


@program((1.5, 0.3), grad=(0, 1), order=2, **EXACT)
def over_an_active_closure(x, y):
    f = lambda z: math.sin(z * y) * x
    return tl.grad(f)(x)


@program((1.3,), order=2, **EXACT)
def perturbation_confusion(x):
    return tl.grad(lambda z: z * tl.grad(lambda w: z + w * w * z)(1.0) + x * z)(x)


@program((1.3,), order=2, **EXACT)
def perturbation_confusion_of_siskind(x):
    return x * tl.grad(lambda y: x + y)(1.0) + tl.grad(lambda y: x * y)(2.0)


@program((5.0,), (0.3,), order=2, **EXACT)
def newton(a):
    f = lambda z: z * z * z - a
    x = 1.0
    while abs(f(x)) > 1e-12:
        x = x - f(x) / tl.grad(f)(x)
    return x


@program((0.7, 3.0), grad=(0, 1), order=1, **EXACT)
def gradient_descent(x0, target):
    loss = lambda z: (z - target) ** 2 + 0.1 * z**4
    x = x0
    for _ in range(20):
        x = x - 0.05 * tl.grad(loss)(x)
    return x


@program((0.5, 0.4), grad=(0, 1), order=1, **EXACT)
def saddle_point(x0, y0):
    f = lambda x, y: x * x - 0.5 * y * y + x * y

    def best_response(x):
        y = y0
        for _ in range(4):
            y = y + 0.3 * tl.grad(f, argnums=1)(x, y)
        return y

    x = x0
    for _ in range(4):
        x = x - 0.2 * tl.grad(lambda z: f(z, best_response(z)))(x)
    return f(x, best_response(x))


@program((0.8,), order=2, **EXACT)
def second_derivative_inside(x):
    return tl.grad(tl.grad(lambda z: math.exp(z * x) * z))(x)


@program((0.8,), order=1, **EXACT)
def third_derivative_inside(x):
    return tl.grad(tl.grad(tl.grad(lambda z: math.sin(z) * z * x)))(x)


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def value_and_gradient(x, y):
    value, slope = tl.value_and_grad(lambda z: z * y + math.sin(z))(x)
    return value * slope


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def several_argnums(x, y):
    f = lambda a, b: a * b * b + math.sin(a)
    da, db = tl.grad(f, argnums=(0, 1))(x, y)
    value, (ea, _) = tl.value_and_grad(f, argnums=(1, 0))(x, y)
    return da * db + value * ea


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def taylor_inside(x, y):
    value, first, second, third = tl.taylor(lambda a: math.sin(a * y) * x + a**3, 3)(x)
    return value + first * second - third


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def taylor_by_the_second_argument(x, y):
    f = lambda a, b: math.exp(a * b) / (1.0 + b * b)
    return tl.taylor(f, order=2, argnums=1)(x, y)[2] * tl.taylor(f, 1, argnums=-1)(x, y)[1]


@program((0.6, 5), (0.6, 0), order=2, **EXACT)
def taylor_of_a_loop(x, n):
    def f(z):
        s, p = z, 1.0
        for k in range(n):
            p = p * x
            s = math.tanh(math.sin(s) * p + 0.5 * s + k * z)
        return s

    return sum(tl.taylor(f, 4)(x))


@program((0.7, 4), order=2, **EXACT)
def taylor_of_a_recursion(x, n):
    def f(z, m):
        return z if m == 0 else math.sin(f(z, m - 1)) * z**m

    return tl.taylor(f, 3)(x, n)[3]


@program((0.7, 4), order=2, **EXACT)
def taylor_of_a_recursion_that_bends_its_argument(x, n):
    def f(z, m):
        return z if m == 0 else f(z * z + 0.1, m - 1) * math.cos(z)

    return tl.taylor(f, 4)(x, n)[4]


@program((0.7, 4), order=2, **EXACT)
def taylor_of_a_mutual_recursion(x, n):
    def even(z, m):
        return z if m == 0 else odd(z, m - 1) * 0.5 + z

    def odd(z, m):
        return math.exp(-z) if m == 0 else even(z * 0.9, m - 1) * z

    return tl.taylor(even, 3)(x, n)[2]


@program((0.7, True), (0.7, False), order=2, **EXACT)
def taylor_of_a_branch(x, flag):
    f = lambda z: z * z if flag else math.sqrt(z)
    return tl.taylor(lambda z: f(z) if z > 0.5 else 2.0, 3)(x)[3] + tl.taylor(f, 1)(0.3)[1]


@program((0.4, 5), order=2, **EXACT)
def taylor_of_a_linked_list(x, n):
    def f(z):
        items = None
        for i in range(n):
            items = (math.sin(z * i), items)
        total = 0.0
        while items is not None:
            total = total * z + items[0]
            items = items[1]
        return total

    return tl.taylor(f, 3)(x)[3]


@program((0.4, 1), (0.4, 2), order=2, **EXACT)
def taylor_of_a_chosen_closure(x, n):
    def scaled(c):
        return lambda z: math.exp(c * z)

    f = scaled(x) if n == 1 else lambda z: z**4 * x
    return tl.taylor(f, 3)(0.5)[3]


@program((0.8,), order=2, **EXACT)
def taylor_of_grad_and_grad_of_taylor(x):
    f = lambda z: math.sin(z) * z**3
    return tl.taylor(tl.grad(f), 2)(x)[2] - 2.0 * tl.grad(lambda z: tl.taylor(f, 2)(z)[1])(x)


@program((0.8,), order=2, **EXACT)
def taylor_of_a_tuple(x):
    (a, n, (b,)), (da, _, (db,)), (dda, _, (ddb,)) = tl.taylor(lambda z: (z**3, 3, (math.tanh(z),)), 2)(x)
    return a * db + b * da * n + dda * ddb


@program((5.0,), order=2, **EXACT)
def halleys_method(a):
    f = lambda z: z * z * z - a
    x = 1.0
    while abs(f(x)) > 1e-12:
        y, dy, ddy = tl.taylor(f, 2)(x)
        x = x - 2.0 * y * dy / (2.0 * dy * dy - y * ddy)
    return x


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def forward_mode_inside(x, y):
    value, slope = tl.jvp(lambda a, b: a * math.sin(b * x), (x, y), (1.0, x))
    return value + slope * slope


@program((0.8,), order=2, **EXACT)
def forward_over_reverse(x):
    f = lambda z: math.exp(math.sin(z * x))
    return tl.jvp(tl.grad(f), (x,), (1.0,))[1] + tl.grad(lambda z: tl.jvp(f, (z,), (x,))[1])(x)


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def pullback_called_once(x, y):
    value, pull = tl.vjp(lambda a, b: a * b + math.sin(a), x, y)
    da, db = pull(y)
    return value + da * db


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def pullback_never_called(x, y):
    value, _pull = tl.vjp(lambda a, b: a * b, x, y)
    return value


@program((0.8, 3), (0.8, 0), order=2, **EXACT)
def pullback_called_in_a_loop(x, n):
    _, pull = tl.vjp(lambda a: math.sin(a) * x, x)
    s = x
    for i in range(n):
        s = s + pull(s)[0] * (i + 1)
    return s


@program((0.8, True), (0.8, False), order=2, **EXACT)
def pullback_chosen_and_kept(x, flag):
    def loop(z):
        for _ in range(3):
            z = math.sin(z) + x
        return z

    _, first = tl.vjp(loop, x)
    _, second = tl.vjp(lambda z: z * z * x, x)
    pull = first if flag else second
    return pull(1.0)[0] + pull(x)[0]


@program((0.8, 4), order=2, **EXACT)
def pullback_of_a_recursion(x, n):
    def go(z, k):
        return z if k == 0 else math.sin(go(z * x, k - 1))

    y, pull = tl.vjp(lambda z: go(z, n), x)
    return pull(y)[0] + pull(1.0)[0]


@program((0.8, 2.0), grad=(0, 1), order=1, **EXACT)
def pullback_of_a_tuple(x, y):
    (p, q), pull = tl.vjp(lambda a, b: (a * b, math.sin(a)), x, y)
    da, db = pull((1.0, q))
    return da * db + p


@program((0.8, 2.0), grad=(0, 1), order=2, **EXACT)
def gradient_by_a_tuple(x, y):
    f = lambda t: t[0] * t[1] ** 2 + math.sin(t[0])
    da, db = tl.grad(f)((x, y))
    return da * y + db


@program((0.8, 4), (0.8, 0), order=1, **EXACT)
def grad_of_a_function_composed_in_a_loop(x, n):
    def compose(f, g):
        return lambda z: f(g(z))

    f = lambda z: z
    for _ in range(n):
        f = compose(math.sin, f)
    return tl.grad(f)(x)


@program((0.8, True), (0.8, False), order=2, **EXACT)
def grad_of_a_chosen_function(x, flag):
    f = (lambda z: math.sin(z * x)) if flag else (lambda z: z**3)
    g = tl.grad(f) if flag else math.cos
    return g(x) * tl.grad(f)(2.0)


@program((0.8,), order=1, **EXACT)
def order_known_from_a_recursion(x):
    def nth(f, n):
        return f if n == 0 else nth(tl.grad(f), n - 1)

    return nth(lambda z: z**4 * x, 2)(x)


@program((0.8,), order=1, **EXACT)
def order_known_from_a_loop(x):
    f = lambda z: z**4 * x
    for _ in range(2):
        f = tl.grad(f)
    return f(x)


@program((0.8,), order=2, **EXACT)
def grad_as_a_helper(x):
    def d(f):
        return tl.grad(f)

    return d(d(lambda z: z**3 * x))(x) + d(math.sin)(x)


@program((0.8, 3), (0.8, 0), order=2, **EXACT)
def derivative_steers_the_loop(x, n):
    f = lambda z: math.cos(z) + 0.1 * z * z
    y = x
    for i in range(n):
        if tl.grad(f)(y) > 0.0:
            y = y - 0.3 * x
        else:
            y = y + 0.2 + 0.01 * i * x
    return y


@program((0.8, 5), order=2, **EXACT)
def grad_of_a_loop_with_a_break(x, n):
    def f(z):
        s = z
        for i in range(n):
            s = math.sin(s) + z * x
            if s > 1.4:
                break
        return s

    return tl.grad(f)(x)


@program((0.8,), order=2, **EXACT)
def grad_of_a_function_with_a_counter(x):
    def f(z):
        total = 0.0

        def add(v):
            nonlocal total
            total += v * v

        add(z)
        add(z * x)
        return total

    return tl.grad(f)(x)


@program((0.8,), order=2, **EXACT)
def captured_variable_assigned_after_capture(x):
    k = 1.0
    f = lambda z: z * z * k
    k = x
    a = tl.grad(f)(x)
    k = x * x
    return a + tl.grad(f)(1.0)


@program((0.7, 4), (0.7, 0), order=1, **EXACT)
def grad_of_a_linked_list(x, n):
    def f(z):
        cell = None
        for i in range(n):
            cell = (z * i + 1.0, cell)
        p = 1.0
        while cell is not None:
            p = p * cell[0] * 0.5
            cell = cell[1]
        return p

    return tl.grad(f)(x)


@error((-1.0,), raises=ValueError)
@program((1.0,), order=1, **EXACT)
def error_inside_the_inner_function(x):
    return tl.grad(lambda z: math.log(z))(x)


@program((1.5, 3), order=1, **EXACT)
def grad_by_the_second_argument(x, n):
    def f(k, z):
        return z**2 * k

    return tl.grad(f, argnums=1)(n, x)


@program((0.6,), order=1, **EXACT)
def hessian_by_hand(x):
    f = lambda a, b: a * a * b + math.sin(a * b)
    fa, fb = tl.grad(f, argnums=0), tl.grad(f, argnums=1)
    aa, ab = tl.grad(fa, argnums=(0, 1))(x, 2.0)
    ba, bb = tl.grad(fb, argnums=(0, 1))(x, 2.0)
    return aa * bb - ab * ba


@program((0.9, 0.4), grad=(0, 1), order=1, **EXACT)
def ode_fit(k, x0):
    def simulate(rate):
        x = x0
        for _ in range(5):
            x = x + 0.1 * (-rate * x + math.sin(x))
        return x

    rate = k
    for _ in range(5):
        rate = rate - 0.5 * tl.grad(lambda r: (simulate(r) - 0.2) ** 2)(rate)
    return rate


@refused(0.8, 3, says="")
def order_known_only_at_run_time(x, n):
    f = lambda z: z**4 * x
    for _ in range(n):
        f = tl.grad(f)  # refused
    return f(x)


@refused(3)
def by_an_integer(n):
    return tl.grad(lambda k: k * 1.5)(n)  # refused
