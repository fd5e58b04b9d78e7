import os

def f():
    import tensorflow.compat.v1 as tf
    import tf2_bridge
    tf.disable_v2_behavior()
    return tf2_bridge.Saver()

def g():
    import tensorflow.compat.v1 as tf
    tf.disable_v2_behavior()
    return tf.Session()
