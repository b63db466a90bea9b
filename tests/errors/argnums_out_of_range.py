# CALL: jit(f)(1.0)
# ERROR: InferenceError: argnums is 3, but the function is called with 1 arguments
import tapeless as tl


def f(x):
    return tl.grad(lambda a: a * a, 3)(x)
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
