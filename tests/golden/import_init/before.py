from tensorflow.python.saved_model import tag_constants
import tensorflow as tf
TAG = tag_constants.SERVING
tf.train.Saver()
