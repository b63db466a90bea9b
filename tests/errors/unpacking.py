# CALL: jit(f)(1.0)
# ERROR: ValueError: too many values to unpack (expected 2)
def f(x):
    a, b = (x, x, x)  # here
    return a + b
