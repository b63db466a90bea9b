# CALL: jit(f)(1.0)
# ERROR: InferenceError: only a tuple, or a list of known length, can follow * in a call
import numpy as np


def total(*xs):
    return sum(xs)


def f(x):
    y = x * np.ones(3)
    return y[0] + total(*y[:2])
#                 ^^^^^^^^^^^^^
