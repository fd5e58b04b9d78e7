from tensorflow.python.saved_model import \
    tag_constants, \
    signature_constants
import tensorflow as \
    tf
print(tag_constants.SERVING)
tf.train.Saver()
