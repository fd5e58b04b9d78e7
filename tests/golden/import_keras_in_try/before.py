try:
    import tensorflow as tf
except ImportError:
    raise
tf.train.Saver()
