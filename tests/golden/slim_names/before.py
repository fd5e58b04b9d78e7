import tensorflow as tf
from tensorflow.contrib.layers import l2_regularizer, xavier_initializer

slim = tf.contrib.slim
tf.contrib.layers.fully_connected(net, 3, weights_regularizer=l2_regularizer(0.001),
                                  weights_initializer=xavier_initializer())
