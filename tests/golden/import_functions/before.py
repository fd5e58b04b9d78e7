import os

def f():
    import tensorflow as tf
    return tf.train.Saver()

def g():
    import tensorflow as tf
    return tf.Session()
