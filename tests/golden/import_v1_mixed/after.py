import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

a = tf.placeholder(tf.float32)
tf2_bridge.Saver()
