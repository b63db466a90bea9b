"""Branches and loops."""

import math

from corpus.registry import error, program, values


@program((-2.0,), (0.5,), (3.0,), order=2)
def piecewise(x):
    if x < -1:
        y = x * x
    elif -1 <= x <= 1:
        y = x
    else:
        y = 2 - 1 / x
    return y if y > 0 and not x == 0 or x > 100 else -y


@program((0.5, 1), (0.5, 4), (0.5, 9), order=2)
def return_in_every_branch(x, n):
    if n > 3:
        if n > 5:
            return x * n
        x = x * 2
    elif n == 2:
        return -x
    else:
        n = n + 1
    return x * x + n


@program((0.5, True), (0.5, False), order=1)
def falls_off_the_end_of_a_branch(x, flag):
    y = x
    if flag:
        y = math.exp(x)
    return y * x


@values((0.5, True), (0.5, False))
def falls_off_the_end(x, flag):
    if flag:
        return x


@program((0.6, 0), (0.6, 1), (0.6, 50), order=2)
def logistic_map(r, n):
    x = 0.5
    for i in range(n):
        if i % 3 == 0:
            x = 2.5 * r * x * (1 - x)
        elif x > 0.6:
            x = x - 0.1 * r
        else:
            x = x + 0.05 * r * math.sin(x)
    return x


@program((1.2,), order=2)
def nested_loops(x):
    total = 0.0
    for i in range(5):
        row = 1.0
        for j in range(i + 1):
            row = row * math.sin(x + i * j)
        total += row
    return total


@program((0.5, 100), (0.5, 3), (0.5, 0), order=3)
def break_continue_else(x, n):
    s = 0.0
    for k in range(n):
        if k % 2:
            continue
        term = x**k / (k + 1)
        s += term
        if term < 1e-4:
            break
    else:
        s = -s * s
    return s


@program((4.0,), (0.5,), order=2)
def return_from_endless_loop(x):
    n = 0
    while True:
        n += 1
        if x < 1.0:
            return x * n
        x = x / 2.5


@program((4.0,), (0.3,), order=2)
def while_else(x):
    k = 0
    while x > 1.0:
        x = x / 2
        k += 1
        if k > 5:
            break
    else:
        x = x * 3
    return x + k


@program((0.4, 6), (0.4, 2), (1.4, 0), order=2)
def break_out_of_inner_loop(x, n):
    s = 0.0
    for i in range(n):
        t = x
        for j in range(i + 2):
            t = math.sin(t) + 0.5
            if t * j > 1.2:
                break
            s += t * 0.1
        else:
            s = s * 1.1 + t
            continue
        s -= 0.2 * t
    return s


@program((1.0, 3), (1.0, 0), (0.2, 90), order=2)
def return_from_inner_loop(x, n):
    for i in range(10):
        for j in range(10):
            x = math.sin(x) + 1.0
            if i * j > n:
                return x * i
            if j > i:
                break
        else:
            x = x * 1.1
    return -x


@program((0.8,), order=2)
def three_deep(x):
    s = x
    for i in range(3):
        for j in range(i, 3):
            for k in range(j, 3):
                if (i + j + k) % 2:
                    continue
                s = math.sin(s + k) + x * 0.1
    return s


@program((2.0,), (5.0,), (0.01,), order=3)
def babylonian_root(a):
    x = a
    while abs(x * x - a) > 1e-14 * a:
        x = 0.5 * (x + a / x)
    return x


@program((1.5, 0), (1.5, 5), order=2)
def loop_without_use_of_its_index(x, n):
    y = 1.0
    for _ in range(n):
        y *= x
    return y


@program((1.5,), order=2)
def index_after_the_loop(x):
    y = x
    for x in range(3):
        y = y * (x + 1)
    return y * x


@program((0.3,), order=2)
def index_assigned_in_the_body(x):
    s = 0.0
    for i in range(4):
        s = s + i * x
        i = i * 10
        s = s + i
    return s


@values((10, 0, -3), (0, 10, 3), (5, 5, 1), (-5, 6, 4), (3, -8, -5))
def ranges(a, b, c):
    s, n, last = 0, 0, -99
    for i in range(a, b, c):
        s = s * 3 + i
        n += 1
        last = i
    return s, n, last, len(range(a, b, c))


@values((1, 5, 0), raises=ValueError)
def range_by_zero(a, b, c):
    s = 0
    for i in range(a, b, c):
        s += i
    return s


@program((0.4,), order=2)
def over_tuples(x):
    s = 0.0
    for a, b in ((x, 1.0), (2.0, x), (x, x)):
        s = s * x + a * b
    for f in (math.sin, math.cos, lambda z: z * x):
        s += f(s)
    for k in (1, 2, 4):
        s = s / k + x
    return s


@program((0.4,), order=2)
def enumerate_zip_reversed(x):
    t = (x, x * x, 1.0, math.sin(x))
    s = 0.0
    for i, v in enumerate(t):
        s += i * v
    for i, v in enumerate(t, 2):
        s += v / i
    for a, b in zip(t, reversed(t)):
        s += a * b * 0.5
    for i in reversed(range(4)):
        s = s * 0.5 + i * x
    for i, (a, b) in enumerate(zip(t, t[1:])):
        s -= (a - b) * i
    return s


@program((0.4, 5), (0.4, 2), (0.4, 0), order=2)
def zip_with_ranges(x, n):
    s = x
    for i, j in zip(range(n), range(10, 0, -3)):
        s = s * 0.9 + i * x + j
    for i, k in enumerate(range(n, 0, -1)):
        s += i * k * x
    return s


@program((1.3, 4), (1.3, 0), order=2)
def tuple_as_state(x, n):
    state = (x, 0.0, 1)
    for i in range(n):
        a, b, k = state
        state = (math.sin(a) + b, a * 0.5, k + i)
    return state[0] + state[1] * state[2]


@program((0.3, 0.8), grad=(0, 1), order=2)
def simultaneous_swap(a, b):
    for i in range(7):
        a, b = b * 0.9, a + 0.1 * b
        if i == 3:
            b, a = a, b
    return a - b * b


@program((0.7, 12), (0.7, 1), order=2)
def many_states(x, n):
    a, b, c, d = x, 1.0, 0.0, x * x
    for i in range(n):
        a, b, c, d = b + 0.1 * c, math.sin(a), d * 0.3 + a, c - b * 0.2
    return a * b + c * d


@program((0.7, 30), order=1)
def only_some_states_matter(x, n):
    a, b, k = x, 1.0, 0
    for i in range(n):
        b = b + math.cos(b)
        a = a * 0.99 + 0.01 * i
        k += 2
    return a + k


@program((0.7, 8), (0.7, 3), order=2)
def flags_in_loops(x, n):
    found, at = False, -1
    y = x
    for i in range(n):
        y = y * 1.3 + 0.1
        if y > 2.0 and not found:
            found, at = True, i
    return y * (2.0 if found else 1.0) + at


@program((2.0, 100), (2.0, 2), order=2)
def two_ways_out(x, n):
    k = 0
    while k < n:
        x = x * 0.8
        k += 1
        if x < 0.5:
            return x * x
        if k == 40:
            break
    return x + k


@program((0.9, 5), (0.9, 0), order=2)
def loops_in_sequence(x, n):
    for i in range(n):
        x = math.sin(x) + i * 0.1
    y = x
    while y > 0.2:
        y = y * 0.5
    for _ in range(2):
        for _ in range(2):
            y += x * y
    return y * x


@program((1.1, 3), (1.1, 0), order=2)
def loop_in_a_branch_in_a_loop(x, n):
    for i in range(n):
        if i % 2 == 0:
            for j in range(i + 1):
                x = x + 0.1 * math.sin(x * j)
        else:
            k = 0
            while k < 2 and x > 0.0:
                x, k = x * 0.7, k + 1
    return x


@program((1.7320508, 0.5857864), (0.5857864, 1.7320508), grad=(0, 1), order=1)
def euclid_with_floats(a, b):
    k = 0
    while b > 0.05 and k < 20:
        a, b = b, a % b
        k += 1
    return a


@program((27,), (1,), grad=())
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@program((0.5, 10), order=2)
def convolution_of_remembered_values(x, n):
    a, b, c = 0.0, 0.0, x
    for i in range(n):
        a, b, c = b, c, math.tanh(a - 0.5 * b + c * x)
    return a + b + c


@program((20.0, 0.7), grad=(0, 1), order=2)
def projectile(v, angle):
    x, y, vx, vy = 0.0, 0.0, v * math.cos(angle), v * math.sin(angle)
    dt = 0.05
    while y >= 0.0:
        x, y = x + vx * dt, y + vy * dt
        vy -= 9.81 * dt
    return x - y * vx / vy


@program((0.3, 0.8), grad=(0, 1), order=1)
def runge_kutta(mu, x0):
    def rhs(x, v):
        return v, mu * (1 - x * x) * v - x

    x, v, dt = x0, 0.0, 0.05
    for _ in range(40):
        k1x, k1v = rhs(x, v)
        k2x, k2v = rhs(x + dt / 2 * k1x, v + dt / 2 * k1v)
        k3x, k3v = rhs(x + dt / 2 * k2x, v + dt / 2 * k2v)
        k4x, k4v = rhs(x + dt * k3x, v + dt * k3v)
        x += dt / 6 * (k1x + 2 * k2x + 2 * k3x + k4x)
        v += dt / 6 * (k1v + 2 * k2v + 2 * k3v + k4v)
    return x * x + v


@program((0.4,), order=2)
def unrolled_growing_tuple(x):
    t = ()
    for i in range(4):
        t = (x * i,) + t
    return t[0] * t[1] + len(t)


@program((0.4, 1), (0.4, 0), order=1)
def assigned_on_all_paths(x, n):
    if n:
        y, z = x, 2.0
    else:
        z, y = x, 3.0
    for _ in range(2):
        w = y * z
        y = w + 1
    return y * z


@values((0.5, 3))
def loop_over_nothing(x, n):
    for _ in ():
        x = x / 0.0
    for i in range(n, 0):
        x = x + i
    return x


@program((0.3, 0), (0.3, 2), order=2)
def invariant_that_fails_outside(x, n):
    y = x
    for _ in range(n):
        y = y + 1.0 / (x - 0.3 if n == 0 else x)  # not evaluated where it would divide by zero
    return y * y


@program((0.6, 3), (0.6, 0), (1.4, 4), order=2)
def assigned_before_a_break(x, n):
    v = 1.0
    for i in range(n):
        for j in range(i + 1):
            if (i + j) % 2 == 0:
                v = math.sin(x)
                break
        else:
            v = x  # what follows reads v only where the inner loop was left by break, which assigns it
            continue
        x = x * v + 0.1
    v = x
    return v * v


@program((1.5, 1), (1.5, 4), order=2)
@error((1.5, 0), (1.5, -2), raises=UnboundLocalError)
def assigned_by_a_loop_only(x, n):
    for i in range(n):
        y = x * x * i
    return y * x


@program((1.5, 2), (1.5, 3))
@error((1.5, 0), (1.5, 1), raises=UnboundLocalError)
def assigned_by_an_inner_loop_only(x, n):
    for i in range(n):
        for j in range(i):
            z = x * i + j
    return z * z + i + j


@program((1.5, 4))
@error((1.5, 0), (1.5, 2), raises=UnboundLocalError)
def assigned_in_some_iterations(x, n):
    for i in range(n):
        if i > 2:
            y = x * i
        elif i > 1:
            continue
    return y * y


@program((1.5, 1), (1.5, 4), order=2)
def read_in_the_next_iteration(x, n):
    for i in range(n):
        if i > 0:
            x = x + before * before
        before = x * 0.5
    return x


@program((1.5, 2), (1.5, 5))
@error((1.5, -1), raises=UnboundLocalError)
def kept_from_the_last_iteration(x, n):
    s = 0.0
    for i in range(-1 if n < 0 else 0, n if n > 0 else 1):
        if i % 2 == 0 and i >= 0:
            t = x * x + i
        s += t * x
    return s


@program((1.5, 3), (0.5, 2))
@error((4.0, 3), raises=UnboundLocalError)
def assigned_by_the_else_of_a_loop(x, n):
    for i in range(n):
        z = x * x * i
        if z > 10.0:
            break
    else:
        w = z * x
    return w + z


@program((1.5, 4), (1.5, 2))
@error((1.5, 3), raises=UnboundLocalError)
def assigned_before_one_break(x, n):
    while True:
        if n > 3:
            q = x * x
            break
        if n > 2:
            break
        if n > 1:
            return x
        n += 1
    return q


@program((1.5, 3), (1.5, 2), (1.5, 1))
@error((1.5, 0), raises=UnboundLocalError)
def returned_or_assigned(x, n):
    if n > 2:
        y = x
    elif n > 1:
        return x * 3.0
    elif n > 0:
        y = x * x
    return y * y


@program((1.5, 3))
@error((1.5, 0), raises=NameError)
def captured_after_a_loop(x, n):
    for i in range(n):
        y = x * i

    def h():
        return y * y

    return h() + h()


@program((1.5, 3))
@error((1.5, 0), raises=NameError)
def changed_by_a_closure_after_a_loop(x, n):
    for i in range(n):
        y = x * i

    def h():
        nonlocal y
        y = y * y
        return y

    return h() + y


@program((1.5, True))
@error((1.5, False), raises=UnboundLocalError)
def function_of_one_branch(x, flag):
    if flag:
        g = lambda t: t * x
    return g(x)
