import tensorflow.compat.v1 as tf
from tf2_bridge import layers
import tf2_bridge

tf.disable_v2_behavior()

slim = tf2_bridge.slim
tf2_bridge.layers.fully_connected(net, 3, weights_regularizer=layers.l2_regularizer(0.001),
                                  weights_initializer=layers.xavier_initializer())
