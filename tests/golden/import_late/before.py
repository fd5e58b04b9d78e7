import os
from tensorflow.python.platform import gfile

print("x")
import tensorflow as tf
import sys

tf.train.Saver()
