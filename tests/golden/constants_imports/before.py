import tensorflow as tf
from tensorflow.python.saved_model import tag_constants
from tensorflow.saved_model import signature_constants as sc
from tensorflow.python.saved_model.signature_constants import PREDICT_METHOD_NAME
import tensorflow.python.saved_model.tag_constants as tc
import tensorflow.saved_model

tags = tf.saved_model.tag_constants
SERVING = tags.SERVING
print(tag_constants.SERVING, sc.PREDICT_INPUTS, PREDICT_METHOD_NAME, tc.TRAINING)
print(tensorflow.saved_model.tag_constants.GPU, SERVING, f"{tag_constants.SERVING}")
key = sc.DEFAULT_SERVING_SIGNATURE_DEF_KEY
print(key, tf.saved_model.SERVING)
