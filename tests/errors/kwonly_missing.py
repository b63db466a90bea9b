# CALL: jit(f)(1.0)
# ERROR: InferenceError: f.g() missing 1 required positional argument: 'k'
def f(x):
    def g(*, k): return k
    return g()
#          ^^^
