def f(x):
    return x.compat.v1
