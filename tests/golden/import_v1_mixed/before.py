import tensorflow as tf
a = tf.placeholder(tf.float32)
tf.compat.v1.train.Saver()
