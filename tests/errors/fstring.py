# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: an f-string is not supported
def f(x):
    return f"{x}"
#          ^^^^^^
