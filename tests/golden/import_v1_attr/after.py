import tensorflow as tf
import tf2_bridge
tf1 = tf.compat.v1
tf2_bridge.Saver()
