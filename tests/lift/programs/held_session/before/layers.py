import tensorflow as tf


def bias(n):
    return tf.get_variable("bias", [n], initializer=tf.constant_initializer(0.25))
