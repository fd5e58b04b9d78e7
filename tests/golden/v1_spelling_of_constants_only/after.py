import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

print(tf.saved_model.SERVING)
