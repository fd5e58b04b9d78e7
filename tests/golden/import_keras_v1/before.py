from os import path
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
tf.train.Saver()
