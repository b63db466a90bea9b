# CALL: jit(f)(1.0)
# ERROR: InferenceError: name `undefined_name` is not defined
def f(x):
    return x + undefined_name
#              ^^^^^^^^^^^^^^
