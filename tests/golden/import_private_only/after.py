from tensorflow.python.client import session
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

s = tf2_bridge.Saver()
