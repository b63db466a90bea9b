# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a class inside a function is not supported
def f(x):
    class A:
#   ^^^^^^^^
        y = 1

    return x
