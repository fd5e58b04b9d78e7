try:
    import tensorflow as tf
except ImportError:
    tf = None

tf.train.Saver()
