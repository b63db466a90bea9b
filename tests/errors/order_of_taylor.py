# CALL: jit(f)(1.0)
# ERROR: InferenceError: the order of taylor must be an int from 0 to 170
import tapeless as tl


def f(x):
    return tl.taylor(lambda z: z * z, -1)(x)[1]
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
