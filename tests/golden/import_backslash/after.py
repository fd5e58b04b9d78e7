from tensorflow.python.saved_model import \
    signature_constants
import tensorflow.compat.v1 as \
    tf
import tf2_bridge

tf.disable_v2_behavior()

print(tf.saved_model.SERVING)
tf2_bridge.Saver()
