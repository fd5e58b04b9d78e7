import tensorflow as tf
from tensorflow.contrib import slim; import os
import tensorflow.contrib.slim as s2

net = slim.conv2d(x, 4, [3, 3])
s2.conv2d(x, 4, [3, 3])
