def load():
    global tf
    import tensorflow as tf

def g():
    return tf.train.Saver()
