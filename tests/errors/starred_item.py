# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a starred item of a tuple is not supported
def f(x, n):
    t = ()
    for i in range(n):
        t = (*t, x)
#            ^^
    return len(t)
