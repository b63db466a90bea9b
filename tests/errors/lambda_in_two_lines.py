# CALL: jit(f)(0.0)
# ERROR: ZeroDivisionError: float division by zero
def f(x):
    g = lambda v: (
        1.0 / v  # here
    )
    return g(x)
