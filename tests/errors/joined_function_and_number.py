# CALL: jit(f)(1.0)
# ERROR: TypeError: unsupported operand type(s) for +: 'function' and 'float'
def f(x):
    if x > 0.0:
        y = lambda v: v
    else:
        y = 2.0
    return y + 1.0  # here
