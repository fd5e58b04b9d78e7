from tensorflow.python.saved_model import tag_constants
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

__all__ = ["tag_constants"]
TAG = tf.saved_model.SERVING
tf2_bridge.Saver()
