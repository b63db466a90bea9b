# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `Point` is a class, which is not supported
class Point:
    pass


def f(x):
    p = Point()
#       ^^^^^
    return x
