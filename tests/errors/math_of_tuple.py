# CALL: jit(f)(1.0)
# ERROR: InferenceError: must be real number, not tuple
import math


def f(x):
    return math.sin((x, x))
#          ^^^^^^^^^^^^^^^^
