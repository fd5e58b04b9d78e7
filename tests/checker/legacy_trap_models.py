"""The models of ``trap_models`` that stand before them, as TensorFlow 1.15 writes them."""

import os

import numpy as np

W = np.random.RandomState(7).randn(4, 3).astype(np.float32)


def write_all(tf, folder):
    """Write every model into ``folder``."""
    for name, build in sorted(MODELS.items()):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(1)
            inputs, outputs = build(tf)
            session.run(tf.global_variables_initializer())
            tf.saved_model.simple_save(session, os.path.join(folder, name), inputs, outputs)


def rows(tf, name="x"):
    """Return a placeholder of any number of rows."""
    return tf.placeholder(tf.float32, [None, 4], name=name)


def pair(tf):
    """Inputs of equal shape, and outputs of equal shape."""
    a, b = rows(tf, "a"), rows(tf, "b")
    return {"a": a, "b": b}, {"left": a - 2 * b, "right": a * b}


def text(tf):
    """Bytes that print as a number does."""
    n = tf.placeholder(tf.int64, [None], name="n")
    return {"n": n}, {"s": tf.as_string(n)}


def large(tf):
    """An integer that a float cannot tell from its neighbour, in a variable."""
    x, step = rows(tf), tf.get_variable("step", initializer=np.int64(2**62 + 1))
    return {"x": x}, {"y": x + tf.cast(step > 0, tf.float32)}


def dropout(tf):
    """Serving without a dropout."""
    x, w = rows(tf), tf.get_variable("w", initializer=W)
    return {"x": x}, {"y": tf.matmul(x, w)}


def dropout_on(tf):
    """Serving with a dropout that was left on."""
    x, w = rows(tf), tf.get_variable("w", initializer=W)
    return {"x": x}, {"y": tf.nn.dropout(tf.matmul(x, w), keep_prob=0.6)}


def root(tf):
    """NaN for negative inputs."""
    x = rows(tf)
    return {"x": x}, {"y": tf.sqrt(x)}


def rowless(tf):
    """An output that never has a row."""
    x = rows(tf)
    return {"x": x}, {"y": tf.boolean_mask(x, x[:, 0] > 1e9), "z": tf.identity(x)}


def narrow(tf):
    """Outputs of half precision."""
    x = rows(tf)
    return {"x": x}, {"h": tf.cast(x, tf.float16) * 3, "b": tf.cast(x, tf.bfloat16) * 3}


def layer(tf):
    """A thousand weights."""
    value = np.random.RandomState(3).randn(4, 250).astype(np.float32)
    x, kernel = rows(tf), tf.get_variable("dense/kernel", initializer=value)
    return {"x": x}, {"y": tf.matmul(x, kernel)}


def sparse(tf, least=0.0):
    """A sparse output."""
    x = rows(tf)
    where = tf.where(x > least)
    shape = tf.stack([tf.shape(x, out_type=tf.int64)[0], 4])
    return {"x": x}, {"y": tf.SparseTensor(where, tf.gather_nd(x, where), shape)}


def counted(tf, counts=True):
    """A count of the runs that no output shows in the first thousand."""
    x, count = rows(tf), tf.get_variable("count", initializer=np.float32(0))
    with tf.control_dependencies([tf.assign_add(count, 1.0)] if counts else []):
        return {"x": x}, {"y": 2 * x + tf.cast(count > 1000.0, tf.float32)}


def untaken(tf):
    """A moving average that serving does not touch, though the graph could."""
    x = rows(tf)
    mean = tf.get_variable("mean", initializer=np.ones(4, np.float32))
    training = tf.get_variable("training", initializer=False, trainable=False)

    def train():
        moved = tf.assign(mean, 0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
        with tf.control_dependencies([moved]):
            return x - mean

    return {"x": x}, {"y": tf.cond(training, train, lambda: x - mean)}


MODELS = {
    "pair": pair,
    "text": text,
    "large": large,
    "dropout": dropout,
    "dropout_on": dropout_on,
    "root": root,
    "rowless": rowless,
    "narrow": narrow,
    "layer": layer,
    "sparse": sparse,
    "sparse_empty": lambda tf: sparse(tf, least=1e9),
    "counted": counted,
    "counted_not": lambda tf: counted(tf, counts=False),
    "untaken": untaken,
}
