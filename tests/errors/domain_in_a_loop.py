# CALL: jit(f)(2.0, 5)
# ERROR: ValueError: math domain error
import math


def f(x, n):
    for i in range(n):
        y = x - i
        x = math.log(y) + x  # here
    return x
