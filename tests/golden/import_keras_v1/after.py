from os import path
import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow.compat.v1 as tf
import tf2_bridge
tf.disable_v2_behavior()
tf2_bridge.Saver()
