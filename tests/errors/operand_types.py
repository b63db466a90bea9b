# CALL: jit(f)(1.0)
# ERROR: InferenceError: unsupported operand type(s) for +: 'float' and 'NoneType'
def f(x):
    return x + None
#          ^^^^^^^^
