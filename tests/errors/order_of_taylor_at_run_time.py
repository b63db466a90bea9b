# CALL: jit(f)(1.0, 2)
# ERROR: InferenceError: the order of taylor must be known while compiling
import tapeless as tl


def f(x, n):
    return tl.taylor(lambda z: z * z, n)(x)[1]
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
