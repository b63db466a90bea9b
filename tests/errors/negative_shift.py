# CALL: jit(f)(1, -1)
# ERROR: ValueError: negative shift count
def f(a, n):
    return a << n  # here
