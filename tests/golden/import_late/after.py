import os
from tensorflow.python.platform import gfile
import tf2_bridge

print("x")
import tensorflow.compat.v1 as tf
import sys

tf.disable_v2_behavior()

tf2_bridge.Saver()
