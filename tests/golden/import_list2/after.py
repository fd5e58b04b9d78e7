import numpy as np, tensorflow.compat.v1 as tf
from absl import flags
import tf2_bridge

tf.disable_v2_behavior()

tf2_bridge.Saver()
