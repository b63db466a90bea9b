# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a starred target is not supported: it makes a list
def f(x):
    first, *rest = (x, x)
#          ^^^^^
    return first
