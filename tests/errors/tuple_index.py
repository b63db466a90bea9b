# CALL: jit(f)(1.0, 3)
# ERROR: IndexError: tuple index out of range
def f(x, n):
    t = (x, x * 2.0)
    return t[n]  # here
