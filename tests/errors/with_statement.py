# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `with` is not supported
def f(x):
    with open("f"):
#   ^^^^^^^^^^^^^^^
        return x
