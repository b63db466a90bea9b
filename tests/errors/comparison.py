# CALL: jit(f)(1.0)
# ERROR: InferenceError: '<' not supported between instances of 'tuple' and 'float'
def f(x):
    return (x, x) < x
#          ^^^^^^^^^^
