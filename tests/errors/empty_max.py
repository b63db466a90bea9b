# CALL: jit(f)(1.0)
# ERROR: ValueError: max() arg is an empty sequence
def f(x):
    return x + max(())  # here
