# CALL: jit(f)(1.0)
# ERROR: NameError: cannot access free variable 'y' where it is not associated with a value in enclosing scope
def f(x):
    def g():
        return y  # here

    z = g() if x > 0.0 else 0.0
    y = 2.0
    return z + y
