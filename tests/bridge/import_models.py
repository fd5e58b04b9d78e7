"""Models that tests import, written by TensorFlow 1.15, and what they did there.

    python import_models.py OUT

writes per model ``OUT/<name>/m`` (a checkpoint with ``.meta``, before training), ``end`` (after),
``sm`` (a SavedModel, before) and ``feeds.npz``; ``OUT/expected.json`` holds what was fetched.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import function

tf.logging.set_verbosity(tf.logging.ERROR)
OUT = sys.argv[1]
STEPS = 6
COLUMNS = {"x:0": [8, 4], "y:0": [8, 1]}


def numbers(seed, columns=COLUMNS):
    """Return normally distributed feeds."""
    random = np.random.RandomState(seed)
    return {key: random.normal(size=shape).astype("f") for key, shape in columns.items()}


def finish(output, target, optimizer):
    """Name the output, and add a loss and what trains on it."""
    tf.identity(output, name="out")
    loss = tf.reduce_mean(tf.square(output - target), name="loss")
    step = tf.train.get_or_create_global_step()
    optimizer.minimize(loss, global_step=step, name="train")  # is in the collection train_op


def placeholders():
    """Return an input and a target."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return x, tf.placeholder(tf.float32, [None, 1], name="y")


def dense(make_optimizer):
    """Return what makes two layers and trains them."""

    def make():
        x, y = placeholders()
        hidden = tf.layers.dense(x, 5, tf.nn.tanh, name="h")
        tf.add_to_collection("things", x)
        tf.add_to_collection("things", tf.trainable_variables()[0])
        finish(tf.layers.dense(hidden, 1, name="o"), y, make_optimizer())
        return numbers, []

    return make


def batch_norm():
    """Averages are updated by UPDATE_OPS."""
    x, y = placeholders()
    training = tf.placeholder_with_default(False, [], name="training")
    hidden = tf.layers.batch_normalization(tf.layers.dense(x, 6), training=training, momentum=0.8)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        output = tf.layers.dense(tf.nn.relu(hidden), 1)
    finish(output, y, tf.train.GradientDescentOptimizer(0.05))
    mean = "batch_normalization/moving_mean:0"
    return lambda seed: dict(numbers(seed), **{"training:0": seed < STEPS}), [mean]


def averages_in_cond():
    """References pass through a cond, where they are changed."""
    x, y = placeholders()
    training = tf.placeholder(tf.bool, [], name="training")
    hidden = tf.matmul(x, tf.Variable(tf.truncated_normal([4, 3], stddev=0.5), name="w"))
    beta = tf.Variable(tf.zeros([3]), name="beta")
    moments = tf.nn.moments(hidden, [0])
    ema = tf.train.ExponentialMovingAverage(0.5)

    def update():
        with tf.control_dependencies([ema.apply(moments)]):
            return [tf.identity(one) for one in moments]

    mean, variance = tf.cond(training, update, lambda: [ema.average(one) for one in moments])
    hidden = tf.nn.batch_normalization(hidden, mean, variance, beta, None, 1e-3)
    count = tf.Variable(0, name="n", trainable=False)
    tf.cond(training, lambda: tf.assign_add(count, 2), lambda: count, name="count")
    output = tf.reduce_sum(hidden, 1, keepdims=True)
    finish(output, y, tf.train.MomentumOptimizer(0.01, 0.9))
    feeds = lambda seed: dict(numbers(seed), **{"training:0": seed < STEPS})  # noqa: E731
    return feeds, ["beta:0", "count/Merge:0"]


def embeddings():
    """One partitioned, one not, with sparse updates."""
    ids = tf.placeholder(tf.int64, [None, 3], name="ids")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    normal = tf.random_normal_initializer()
    parts = tf.fixed_size_partitioner(3)
    one = tf.get_variable("emb", [20, 4], initializer=normal, partitioner=parts)
    two = tf.get_variable("emb2", [20, 4], initializer=normal)
    found = [tf.nn.embedding_lookup(table, ids) for table in (one, two)]
    output = tf.layers.dense(tf.reduce_mean(found[0], 1) + tf.reduce_sum(found[1], 1), 1)
    finish(output, y, tf.train.AdamOptimizer(0.05))

    def feeds(seed):
        random = np.random.RandomState(seed)
        return {"ids:0": random.randint(0, 20, [8, 3]), "y:0": numbers(seed)["y:0"]}

    return feeds, ["emb2:0", "emb/part_1:0"]


def rnn():
    """Two cells in a v1 loop, with the gradient loop that TF1 made."""
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    cells = [tf.nn.rnn_cell.BasicLSTMCell(4), tf.nn.rnn_cell.GRUCell(3)]
    states, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)
    finish(tf.layers.dense(states[:, -1], 1), y, tf.train.RMSPropOptimizer(0.01))
    return lambda seed: numbers(seed, {"x:0": [8, 5, 3], "y:0": [8, 1]}), []


def resources():
    """Resource variables."""
    with tf.variable_scope("", use_resource=True):
        return dense(lambda: tf.train.AdamOptimizer(0.01))()


def sparse():
    """A sparse placeholder."""
    x = tf.sparse_placeholder(tf.float32, [None, 6], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w = tf.Variable(tf.random_normal([6, 1]), name="w")
    finish(tf.sparse_tensor_dense_matmul(x, w), y, tf.train.AdagradOptimizer(0.1))
    indices, shape = np.array([[0, 1], [1, 2], [2, 5]]), np.array([3, 6])

    def feeds(seed):
        values = numbers(seed, {"x/values:0": [3], "y:0": [3, 1]})
        return dict(values, **{"x/indices:0": indices, "x/shape:0": shape})

    return feeds, []


def tables():
    """Strings, three kinds of tables, one with an asset and one whose contents are saved."""
    path = os.path.join(OUT, "words.txt")
    with open(path, "w") as stream:
        stream.write("a\nb\nc\n")
    x = tf.placeholder(tf.string, [None], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    ids = tf.contrib.lookup.index_table_from_file(path, num_oov_buckets=2).lookup(x)
    letters = tf.contrib.lookup.KeyValueTensorInitializer(
        np.arange(5, dtype=np.int64), np.array(list("vwxyz"))
    )
    tf.identity(tf.contrib.lookup.HashTable(letters, "?").lookup(ids), name="letters")
    weights = tf.contrib.lookup.MutableHashTable(tf.int64, tf.float32, 0.5, name="weights")
    fill = weights.insert(np.arange(3, dtype=np.int64), np.array([1, 2, 3], "f"))
    tf.add_to_collection("once", fill)
    rows = tf.nn.embedding_lookup(tf.get_variable("rows", [5, 1]), ids)
    output = rows * weights.lookup(ids)[:, tf.newaxis]
    finish(output, y, tf.train.GradientDescentOptimizer(0.1))
    words = np.array(list("abcdefa"))
    return lambda seed: dict(numbers(seed, {"y:0": [7, 1]}), **{"x:0": words}), ["letters:0"]


def functions():
    """A function of the graph, and control flow of version 2 on resource variables."""

    @function.Defun(tf.float32)
    def squared(one):
        return tf.square(one) + 1.0

    x, y = placeholders()
    tf.enable_control_flow_v2()
    with tf.variable_scope("v", use_resource=True):
        w = tf.get_variable("w", [4, 1])
    product = tf.matmul(x, w)
    hidden = tf.cond(tf.reduce_sum(x) > 0, lambda: product, lambda: tf.matmul(x, w) * 2.0)
    body = lambda i, one: (i + 1, one * 0.5 + w[0, 0])  # noqa: E731
    hidden = tf.while_loop(lambda i, _: i < 3, body, [0, hidden])[1]
    tf.disable_control_flow_v2()
    finish(squared(hidden), y, tf.train.GradientDescentOptimizer(0.001))
    return numbers, []


def references():
    """What else is done to references."""
    x, y = placeholders()
    w = tf.Variable(tf.random_normal([4, 1]), name="w")
    b = tf.Variable(w.initialized_value() * 2.0, name="b")
    k = tf.Variable(tf.zeros([4, 1]), name="k", trainable=False)
    n = tf.Variable(0, name="n", trainable=False)
    changes = [
        tf.scatter_add(k, [0, 1, 1], tf.ones([3, 1])),
        tf.scatter_nd_update(b, [[0]], [[3.0]]),
        k[2:3].assign([[0.5]]),
    ]
    with tf.control_dependencies(changes):
        after = tf.identity(k.read_value() + b, name="after")
        also = tf.add(k, b, name="also")
    count = tf.count_up_to(n, 100, name="count")
    tf.identity(tf.is_variable_initialized(w), name="known")
    with tf.control_dependencies([after, also, count]):
        output = tf.matmul(x, w) + tf.reduce_sum(tf.identity(b))
    finish(output, y, tf.train.GradientDescentOptimizer(0.01))
    loop = tf.while_loop(lambda i: i < 3, lambda i: tf.tuple([i + 1, tf.assign_add(n, 2)])[0], [0])
    tf.identity(loop, name="looped")
    grown = tf.Variable(tf.zeros([2]), validate_shape=False, name="grown")
    tf.assign(grown, tf.ones([3]), validate_shape=False, name="grow")
    return numbers, ["after:0", "also:0", "count:0", "k:0", "known:0"]


MODELS = {
    "sgd": dense(lambda: tf.train.GradientDescentOptimizer(0.05)),
    "momentum": dense(lambda: tf.train.MomentumOptimizer(0.05, 0.9)),
    "nesterov": dense(lambda: tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True)),
    "adam": dense(lambda: tf.train.AdamOptimizer(0.01)),
    "adagrad": dense(lambda: tf.train.AdagradOptimizer(0.1)),
    "adadelta": dense(lambda: tf.train.AdadeltaOptimizer(0.5)),
    "rmsprop": dense(lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.5)),
    "centered": dense(lambda: tf.train.RMSPropOptimizer(0.01, centered=True)),
    "ftrl": dense(lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01)),
    "proximal": dense(lambda: tf.train.ProximalAdagradOptimizer(0.1)),
    "batch_norm": batch_norm,
    "averages_in_cond": averages_in_cond,
    "embeddings": embeddings,
    "rnn": rnn,
    "resources": resources,
    "sparse": sparse,
    "tables": tables,
    "functions": functions,
    "references": references,
}


def plain(value):
    """Return an array as JSON has it."""
    return value.astype("U").tolist() if value.dtype.kind in "SO" else value.tolist()


def write(name, make):
    """Write a model, and return what it does."""
    folder = os.path.join(OUT, name)
    tf.set_random_seed(1)
    feeds, fetches = make()
    find = tf.get_default_graph().get_tensor_by_name
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
        sess.run(tf.get_collection("once"))
        saver = tf.train.Saver()
        saver.save(sess, os.path.join(folder, "m"))
        builder = tf.saved_model.builder.SavedModelBuilder(os.path.join(folder, "sm"))
        signature = tf.saved_model.signature_def_utils.predict_signature_def(
            {key.partition(":")[0]: find(key) for key in feeds(0)},
            {"out": find("out:0"), "loss": find("loss:0")},
        )
        builder.add_meta_graph_and_variables(
            sess,
            ["serve"],
            {"serving_default": signature},
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
            main_op=tf.tables_initializer(),
        )
        builder.save()
        arrays, found = {}, []
        for step in range(STEPS + 1):
            fed = feeds(step)
            arrays.update((f"{step}|{key}", value) for key, value in fed.items())
            if step < STEPS:
                values = sess.run(["loss:0", "train", *fetches], fed)
                found.append([plain(np.asarray(one)) for one in values[:1] + values[2:]])
        np.savez(os.path.join(folder, "feeds.npz"), **arrays)
        out = sess.run("out:0", fed)
        saver.save(sess, os.path.join(folder, "end"), write_meta_graph=False)
    return {
        "fetches": ["loss:0", *fetches],
        "values": found,
        "out": out.tolist(),
        "trainable": [one.name for one in tf.trainable_variables()],
        "global": [one.name for one in tf.global_variables()],
    }


def main():
    """Write all models."""
    expected = {}
    for name, make in MODELS.items():
        with tf.Graph().as_default():
            expected[name] = write(name, make)
    with open(os.path.join(OUT, "expected.json"), "w") as stream:
        json.dump(expected, stream)


if __name__ == "__main__":
    main()
