# CALL: taylor(f, 2)(3)
# ERROR: DifferentiationError: argument 0 is of type int, which has no derivative
def f(n):  # here
    return n * n
