# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `import` inside a function is not supported
def f(x):
    import math
#   ^^^^^^^^^^^
    return math.sin(x)
