# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: the attribute `.hex` of a value is not supported
def f(x):
    return x.hex()
#          ^^^^^
