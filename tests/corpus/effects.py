"""Errors and prints: which, when and in which order."""

import math

from corpus.registry import error, program, values


@error((1.0, 0.0), raises=ZeroDivisionError, grad=(0, 1))
@program((1.0, 2.0), grad=(0, 1))
def division(x, y):
    return x / y


@error((1.0, 0.0), raises=ZeroDivisionError)
@program((1.0, 2.0))
def error_in_dead_code(x, y):
    z = x / y
    return x


@error((1.0, 0.0), raises=ZeroDivisionError)
def error_in_an_expression_statement(x, y):
    x % y
    return x


@program((1.0, 0), order=2)
@error((1.0, 1), raises=ZeroDivisionError)
def error_in_a_loop_that_may_not_run(x, n):
    k = 0.0
    for _ in range(n):
        k = 1.0 / k
    return x + k


@error((2.0, -1.0), raises=ValueError)
@error((-2.0, -1.0), raises=ZeroDivisionError)
@error((-2.0, -0.5), raises=ValueError)
@program((2.0, 0.5))
def first_error_wins(x, y):
    a = math.sqrt(y) if x > 0 else 1.0
    return a / (y + 1.0) + math.log(y)


@error((0.0, 0.0), raises=ZeroDivisionError)
@error((0.0, 1.0), raises=ValueError)
def left_operand_first(x, y):
    return 1.0 / y + math.log(x)


@error((0.0, 0.0), raises=ValueError)
def arguments_before_the_call(x, y):
    def f(a):
        raise RuntimeError("called")

    return f(math.log(x) + 1.0 / y)


@error((0.5, True), raises=AssertionError)
@program((0.5, False), (1.5, True))
def nested_assertion(x, strict):
    def check(z):
        assert not strict or z > 1, "z must exceed 1"
        return z

    check(x)
    return x * x


@error((0.5,), raises=ValueError)
@program((1.5,))
def raises_by_hand(x):
    if x < 1:
        raise ValueError("x must be at least 1")
    return x


@error((0.5, 0), raises=ValueError)
@error((0.5, 1), raises=RuntimeError)
@error((0.5, 2), raises=ArithmeticError)
@error((0.5, 3), raises=NotImplementedError)
@program((0.5, 4))
def raises_by_kind(x, n):
    if n == 0:
        raise ValueError
    if n == 1:
        raise RuntimeError("one")
    if n == 2:
        raise ArithmeticError()
    if n == 3:
        raise NotImplementedError("three")
    return x * n


@error((3.0, 5), raises=ValueError)
@program((3.0, 2), (3.0, 0))
def error_in_a_loop(x, n):
    for i in range(n):
        x = math.sqrt(x) - 0.7
    return x


@error((3.0, 5), raises=RuntimeError)
@program((3.0, 6))
def error_in_a_while_loop(x, limit):
    k = 0
    while x > 0.1:
        x = x * 0.5
        k += 1
        if k > limit - 2:
            raise RuntimeError("too many steps")
        if k == 4:
            break
    return x


@error((0.5, 3), raises=ZeroDivisionError)
@program((0.5, -1))
def error_deep_in_recursion(x, n):
    def go(k):
        if k == -1:
            return x
        return 1.0 / k if k == 0 else go(k - 1) * 0.5

    return go(n)


@error((-0.5,), raises=ValueError)
@program((0.5,))
def error_in_a_closure(x):
    f = lambda z: math.log(z)
    g = (lambda h: lambda z: h(z) + 1)(f)
    return g(x)


@error((0.5, True), raises=ZeroDivisionError)
@program((0.5, False))
def error_in_a_function_chosen(x, flag):
    f = (lambda z: z / 0.0) if flag else (lambda z: z * z)
    return f(x)


@program((0.0,), (1.0,), order=1)
def branch_not_taken_has_no_error(x):
    return math.log(x) if x > 0 else 3.0 * x


@program((0.0, 3.0), (2.0, 3.0), grad=(1,), order=1)
def short_circuit_guards(x, y):
    ok = x != 0.0 and y / x > 1.0
    also = x == 0.0 or 1.0 / x < 5.0
    return y * 2 if ok and also else y * y


@error((1.0,), raises=AssertionError)
def unconditional_assertion(x):
    assert False, "never"
    return x


@error((0.5, 3), raises=AssertionError)
@program((0.5, 0))
def error_in_unused_closure_call(x, n):
    def check(k):
        assert k == 0, "must be zero"

    _ = check(n)
    return x * x


@values((3,), raises=ZeroDivisionError)
def integer_division_by_zero(n):
    return n // (n - 3)


@values((3,), raises=ZeroDivisionError)
def integer_remainder_by_zero(n):
    return n % (n - 3)


@values((3,), raises=ZeroDivisionError)
def true_division_of_integers(n):
    return n / (n - 3)


@error((0.0, -1.0), raises=ZeroDivisionError, grad=())
def zero_to_a_negative_power(x, y):
    return x**y


@error((-8.0, 1 / 3), raises=ValueError, differs=True)
def complex_power(x, y):
    return x**y


@error((1000.0,), raises=OverflowError)
@program((1.0,))
def overflow_of_exp(x):
    return math.exp(x)


@error((1.5,), raises=ValueError)
@program((0.5,))
def domain_of_asin(x):
    return math.asin(x)


@error((float("inf"),), raises=ValueError)
def domain_of_sin(x):
    return math.sin(x)


@error((1.0, 5), raises=IndexError, grad=())
@program((1.0, 1), (1.0, -2))
def tuple_index_at_run_time(x, n):
    t = (x, x * 2, 3.0)
    return t[n]


@values((2.0, 3), printed="start 2.0\n0 2.0\n1 4.0\n2 16.0\ndone True None (2.0, 3)\n")
@values((2.0, 0), printed="start 2.0\ndone True None (2.0, 0)\n")
def prints(x, n):
    print("start", x)
    y = x
    for i in range(n):
        print(i, y)
        y = y * y
    print("done", x > 1, None, (x, n))
    return y


@program((2.0,), grad=(0,), order=1, printed="f 2.0\nf 4.0\n")
def prints_once_under_derivatives(x):
    def f(z):
        print("f", z)
        return z * z

    return f(f(x))


@values((1.0, 0.0), printed="before\n", raises=ZeroDivisionError)
def prints_before_the_error(x, y):
    print("before")
    z = x / y
    print("after")
    return z


@values((0.5,), printed="1.5 x\n1e+16 1e-05 inf nan -0.0 0.1\n")
def prints_floats_as_python_does(x):
    print(x + 1, "x")
    print(1e16, 1e-5, float("inf"), float("nan"), -0.0, 0.1)
    return x


@error((0.5, 2), raises=ValueError)
def error_order_across_calls(x, n):
    def first(k):
        if k > 1:
            raise ValueError("first")
        return k

    def second(k):
        if k > 1:
            raise RuntimeError("second")
        return k

    return x * first(n) + second(n)


@error((0.5, 2), raises=RuntimeError)
def error_in_a_default(x, n):
    def fail():
        raise RuntimeError("default")

    def f(a, b=fail()):
        return a

    if n == 0:
        return f(x)
    return x


@error((0.5, 1), raises=ValueError)
@program((0.5, 0))
def error_before_the_store(x, n):
    y = x

    def change(k):
        nonlocal y
        y = y * 2
        if k:
            raise ValueError("k is not zero")
        y = y + 1

    change(n)
    return y


@error((1.0,), raises=ValueError)
def unpacking_of_the_wrong_length(x):
    a, b = (x, x, x)
    return a + b


@error((1.0,), raises=IndexError)
def index_outside_a_tuple(x):
    return (x, 1.0)[2]
