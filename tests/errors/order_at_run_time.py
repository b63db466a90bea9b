# CALL: jit(f)(1.0, 2)
# ERROR: InferenceError: the order of a derivative must be known at compile time
import tapeless as tl


def f(x, n):
    f = lambda z: z * z
    for i in range(n):
        f = tl.grad(f)
#           ^^^^^^^^^^
    return f(x)
