# CALL: jit(f)(1.0)
# ERROR: DifferentiationError: cannot differentiate by argument 0, which is of type int
import tapeless as tl


def f(x):
    return tl.grad(lambda n: n * 2)(3) * x
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^
