"""Doc."""
from __future__ import print_function
import os
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

print(tf.saved_model.SERVING)
