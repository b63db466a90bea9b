# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: the operator `@` is not supported: it comes with arrays
def f(x):
    return x @ x
#          ^^^^^
