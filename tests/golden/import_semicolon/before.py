import os; import tensorflow as tf
import sys
s = tf.train.Saver(); s.save(None, "x")
