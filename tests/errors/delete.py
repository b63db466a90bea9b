# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `del` is not supported
def f(x):
    y = x
    del y
#   ^^^^^
    return x
