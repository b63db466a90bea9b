# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `x` is not a builtin exception class, so it cannot be raised
def f(x):
    raise x
#         ^
