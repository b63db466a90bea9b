# CALL: jit(f)(-1.0)
# ERROR: AssertionError: x must be positive
def f(x):
    assert x > 0.0, "x must be positive"  # here
    return x
