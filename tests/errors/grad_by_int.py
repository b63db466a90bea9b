# CALL: grad(f)(3)
# ERROR: DifferentiationError: cannot differentiate by argument 0, which is of type int
def f(n):  # here
    return n * n
