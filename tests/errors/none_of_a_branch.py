# CALL: grad(f)(-1.0)
# ERROR: TypeError: unsupported operand type(s) for *: 'NoneType' and 'float'
def f(x):
    y = x if x > 0.0 else None
    return y * 2.0  # here
