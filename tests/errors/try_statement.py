# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `try` is not supported
def f(x):
    try:
#   ^^^^
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0
