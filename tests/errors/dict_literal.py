# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: a dict is not supported
def f(x):
    return {"a": x}
#          ^^^^^^^^
