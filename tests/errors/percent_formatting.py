# CALL: jit(f)(1.0)
# ERROR: InferenceError: formatting strings with % is not supported
def f(x):
    return "%f" % x
#          ^^^^^^^^
