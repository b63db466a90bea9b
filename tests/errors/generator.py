# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `yield` is not supported
def f(x):
    yield x
#   ^^^^^^^
