import tensorflow.compat.v1 as tf

def f(x):
    return tf.matmul(x, x)
