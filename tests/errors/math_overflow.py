# CALL: jit(f)(1000.0)
# ERROR: OverflowError: math range error
import math


def f(x):
    y = math.exp(x)  # here
    return y
