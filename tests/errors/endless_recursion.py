# CALL: jit(f)(1.0, 1)
# ERROR: RecursionError: maximum recursion depth exceeded
f = lambda x, n: x if n == 0 else x + f(x, n + 1)  # here
