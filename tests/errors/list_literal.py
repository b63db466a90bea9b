# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a list is not supported
def f(x):
    return [x, x]
#          ^^^^^^
