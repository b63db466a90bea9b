# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a set is not supported
def f(x):
    return {x}
#          ^^^
