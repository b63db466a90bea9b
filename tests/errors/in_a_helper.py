# CALL: jit(f)(1.0)
# ERROR: InferenceError: unsupported operand type(s) for *: 'float' and 'NoneType'
# NOTE: called here
def helper(a, b):
    return a * b
#          ^^^^^


def f(x):
    y = x + 1.0
    return helper(y, None)
