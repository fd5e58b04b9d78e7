import tensorflow.compat.v1 as tf
from tf2_bridge import slim; import os
from tf2_bridge import slim as s2

tf.disable_v2_behavior()

net = slim.conv2d(x, 4, [3, 3])
s2.conv2d(x, 4, [3, 3])
