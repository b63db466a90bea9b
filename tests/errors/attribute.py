# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: the attribute `.real` of a value is not supported
def f(x):
    return x.real
#          ^^^^^^
