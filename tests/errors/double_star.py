# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `**k` is not supported
def f(x):
    g = lambda **k: x
#                ^
    return g()
