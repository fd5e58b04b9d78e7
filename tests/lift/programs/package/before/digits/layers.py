import tensorflow as tf


def conv(x, filters, training, name):
    x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False, name=name,
                         kernel_initializer=tf.constant_initializer(0.05))
    x = tf.layers.batch_normalization(x, training=training, name=name + "_bn")
    return tf.nn.relu(x)
