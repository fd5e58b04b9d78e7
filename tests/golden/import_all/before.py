from tensorflow.python.saved_model import tag_constants
import tensorflow as tf
__all__ = ["tag_constants"]
TAG = tag_constants.SERVING
tf.train.Saver()
