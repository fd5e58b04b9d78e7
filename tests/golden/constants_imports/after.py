import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

tags = tf.saved_model.tag_constants
SERVING = tf.saved_model.SERVING
print(tf.saved_model.SERVING, tf.saved_model.PREDICT_INPUTS, tf.saved_model.PREDICT_METHOD_NAME, tf.saved_model.TRAINING)
print(tf.saved_model.GPU, SERVING, f"{tf.saved_model.SERVING}")
key = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
print(key, tf.saved_model.SERVING)
