# CALL: jit(f)(float("inf"))
# ERROR: OverflowError: cannot convert float infinity to integer
def f(x):
    return int(x)  # here
