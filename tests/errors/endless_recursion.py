# CALL: jit(f)(1.0)
# ERROR: RecursionError: maximum recursion depth exceeded
def f(x):
    return f(x) + 1.0  # here
