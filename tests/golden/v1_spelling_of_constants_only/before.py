import tensorflow as tf

print(tf.compat.v1.saved_model.tag_constants.SERVING)
