# CALL: jit(f)(1.0)
# ERROR: DifferentiationError: argument 0 is of type int, which has no derivative
import tapeless as tl


def f(x):
    return tl.grad(lambda n: n * 2)(3) * x
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^
