# CALL: jit(f)(-1.0)
# ERROR: UnboundLocalError: cannot access local variable 'y' where it is not associated with a value
def f(x):
    if x > 0:
        y = 1.0
    return y  # here
