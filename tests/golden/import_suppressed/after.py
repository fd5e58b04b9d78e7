import tensorflow as tf  # migrator: keep
tf.train.Saver()
