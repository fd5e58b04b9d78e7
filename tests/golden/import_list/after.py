import tensorflow.compat.v1 as tf, os
import tf2_bridge

tf.disable_v2_behavior()

tf2_bridge.Saver()
