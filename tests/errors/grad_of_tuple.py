# CALL: grad(f)(1.0)
# ERROR: DifferentiationError: a gradient needs a function with one float result, but this one returns tuple
def f(x):  # here
    return (x, x)
