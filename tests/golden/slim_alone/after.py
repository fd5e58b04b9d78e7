import tensorflow.compat.v1 as tf
from tf2_bridge import slim

tf.disable_v2_behavior()

def net(x):
    return slim.conv2d(x, 4, [3, 3])
