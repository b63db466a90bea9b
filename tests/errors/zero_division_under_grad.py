# CALL: grad(f)(1.0, 0)
# ERROR: ZeroDivisionError: integer division or modulo by zero
def f(x, n):
    k = 7 // n  # here
    return x * k
