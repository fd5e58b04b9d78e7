import tensorflow as tf

saver = tf.compat.v1.train.Saver()
print(tf.compat.v1.saved_model.tag_constants.SERVING)
