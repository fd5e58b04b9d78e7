class A:
    import tensorflow as tf
    s = tf.train.Saver()
