# CALL: jit(f)(1.0)
# ERROR: InferenceError: module `math` has no attribute `sinus`
import math


def f(x):
    return math.sinus(x)
#          ^^^^^^^^^^
