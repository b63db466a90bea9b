# CALL: jit(f)(1.0)
# ERROR: InferenceError: f.g() got an unexpected keyword argument 'c'
def f(x):
    def g(a): return a
    return g(a=x, c=2.0)
#          ^^^^^^^^^^^^^
