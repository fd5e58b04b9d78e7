from tensorflow.compat.v1 import *
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

tf2_bridge.Saver()
