import tensorflow as tf
tf2_bridge = 3
tf.train.Saver()
