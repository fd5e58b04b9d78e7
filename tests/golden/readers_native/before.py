import tensorflow as tf


def names(folder):
    return [name for name, _ in tf.train.list_variables(folder)]


def weights(folder):
    reader = tf.train.load_checkpoint(folder)
    return {name: reader.get_tensor(name) for name in names(folder)}
