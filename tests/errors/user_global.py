# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `TABLE` is a set, which is not supported
TABLE = {1.0, 2.0}


def f(x):
    return TABLE[0] * x
#          ^^^^^
