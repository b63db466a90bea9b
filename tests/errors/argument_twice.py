# CALL: jit(f)(1.0)
# ERROR: InferenceError: f.g() got multiple values for argument 'a'
def f(x):
    def g(a): return a
    return g(x, a=x)
#          ^^^^^^^^^
