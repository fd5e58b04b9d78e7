import numpy as np
import tensorflow as tf

from utils import *


def concat(tensors, axis, *args, **kwargs):
    return tf.concat(tensors, axis, *args, **kwargs)


def lrelu(x, leak=0.2):
    return tf.maximum(x, leak * x)


def linear(x, size, scope):
    inputs = x.get_shape()[-1].value
    with tf.variable_scope(scope):
        start = np.linspace(-0.9, 1, inputs * size).reshape(inputs, size)
        matrix = tf.get_variable("Matrix", [inputs, size], tf.float32, tf.constant_initializer(start))
        bias = tf.get_variable("bias", [size], initializer=tf.constant_initializer(0.1))
        return tf.matmul(x, matrix) + bias


def loss_of(logits, labels):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))
