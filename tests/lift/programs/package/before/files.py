import tensorflow as tf


def fresh(folder):
    """Make ``folder`` anew."""
    if tf.gfile.Exists(folder):
        tf.gfile.DeleteRecursively(folder)
    tf.gfile.MakeDirs(folder)
