# CALL: jit(f)(1.0)
# ERROR: InferenceError: unsupported operand type(s) for @: 'float' and 'float'
def f(x):
    return x @ x
#          ^^^^^
