import tensorflow as tf, os

tf.train.Saver()
