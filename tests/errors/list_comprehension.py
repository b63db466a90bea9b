# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a list comprehension is not supported
def f(x):
    return sum([y for y in (x, x)])
#              ^^^^^^^^^^^^^^^^^^^
