import os
os.environ["X"] = "1"
# TensorFlow
import tensorflow as tf
import numpy as np
tf.train.Saver()
