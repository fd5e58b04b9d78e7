import tensorflow as tf
tf1 = tf.compat.v1
tf1.train.Saver()
