# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `global` is not supported
def f(x):
    global COUNT
#   ^^^^^^^^^^^^
    COUNT = 1
    return x
