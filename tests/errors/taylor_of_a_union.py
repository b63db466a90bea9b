# CALL: taylor(f, 2)(1.0)
# ERROR: DifferentiationError: taylor needs a function whose result is a float or a tuple of numbers
def f(x):  # here
    return None if x > 2.0 else x
