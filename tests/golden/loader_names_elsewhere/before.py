import tensorflow as tf


def known(sess, path):
    tf.saved_model.loader.load(sess, ["serve"], path)
    return sess.run("y:0", {"x:0": 1.0, "keep_prob:0": 1.0})


def unknown(sess, path):
    tf.saved_model.loader.load(sess, ["serve"], path)
    return sess.run("y:0", {"x:0": 1.0, "keep_prob:0": 1.0})
