import os
os.environ["X"] = "1"
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

# TensorFlow
import tensorflow.compat.v1 as tf
import numpy as np
import tf2_bridge

tf.disable_v2_behavior()

tf2_bridge.Saver()
