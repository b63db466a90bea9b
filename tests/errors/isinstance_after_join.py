# CALL: jit(f)(1.0)
# ERROR: InferenceError: f() missing 1 required positional argument: 'n'
def f(x, n):  # here
    y = 1
    if n > 0:
        y = x
    return isinstance(y, int)
