"""What is not compiled is refused, at the user's line."""

import math

from corpus.registry import refused


@refused(1.0)
def an_import(x):
    y = x
    import json  # refused

    return y


@refused(1.0)
def an_unknown_attribute(x):
    y = x + 1
    return math.no_such_function(y)  # refused


@refused(1.0)
def a_try_statement(x):
    try:  # refused
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0


@refused(1.0)
def too_few_arguments(x):
    def g(a, b):
        return a + b

    return g(x)  # refused


@refused(1.0)
def too_many_arguments(x):
    return (lambda a: a)(x, 2.0)  # refused


@refused(1.0)
def an_unknown_keyword(x):
    def g(a, b=1.0):
        return a + b

    return g(x, c=2.0)  # refused


@refused(1.0)
def an_unknown_name(x):
    y = x * 2
    return y + no_such_name  # refused


@refused(1.0)
def a_with_statement(x):
    with open("file") as f:  # refused
        return x


@refused(1.0)
def a_class_statement(x):
    class C:  # refused
        pass

    return x


@refused(1.0)
def a_generator(x):
    yield x  # refused


@refused(1.0)
def a_global_statement(x):
    global STATE  # refused
    STATE = x
    return x


@refused(1.0)
def a_deletion(x):
    y = x
    del y  # refused
    return x


@refused(1.0)
def a_sum_with_none(x):
    y = None
    return x + y  # refused


@refused(1.0)
def call_of_a_number(x):
    return x(2.0)  # refused


@refused(1.0)
def index_of_a_number(x):
    return x[0]  # refused


@refused(1.0, 3)
def growing_tuple(x, n):
    t = ()
    for _ in range(n):
        t = (x,) + t  # refused
    return t[0]


@refused(1.0)
def iteration_over_a_number(x):
    s = 0.0
    for v in x:  # refused
        s += v
    return s


@refused(1.0)
def a_complex_literal(x):
    return x * 2j  # refused


@refused(1.0)
def a_starred_target(x):
    first, *rest = (x, 2.0, x * 3)  # refused
    return first
