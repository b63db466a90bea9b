# CALL: jit(f)(1.0, 0.0)
# ERROR: ZeroDivisionError: float division by zero
def f(x, y):
    z = x + 1.0
    return z / y  # here
