"""Models with weights that few inputs reach, as variables and as constants of a frozen graph."""

import functools
import os

import numpy as np

RNG = np.random.RandomState(17)
TABLE = RNG.randn(1000, 8).astype(np.float32)
W = RNG.randn(8, 3).astype(np.float32)
FAULTY = TABLE.copy()
FAULTY[500] *= 1.001


def write_all(tf, folder):
    """Write every model into ``folder``."""
    for name, table, names in (
        ("lookup", TABLE, ("net/table", "net/w")),
        ("lookup_row", FAULTY, ("net/table", "net/w")),
        ("lookup_unnamed", TABLE, (None, None)),
        ("lookup_unnamedrow", FAULTY, (None, None)),
    ):
        write_module(tf, os.path.join(folder, name), table, names)
    for name, table, folded in (
        ("lookup.pb", TABLE, False),
        ("lookup_row.pb", FAULTY, False),
        ("lookup_folded.pb", TABLE, True),
    ):
        write_frozen(tf, folder, name, table, folded)
    write_small(tf, folder)
    import keras

    inputs = keras.layers.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(3, name="scores")(inputs))
    model.set_weights([RNG.randn(4, 3), np.zeros(3)])
    model.export(os.path.join(folder, "exported"), verbose=False)


def write_module(tf, path, table, names):
    """Write a SavedModel that looks rows up and multiplies them."""
    module = tf.Module()
    module.table = tf.Variable(table, name=names[0])
    module.w = tf.Variable(W, name=names[1])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="ids")])
    def predict(ids):
        return {"y": tf.matmul(tf.gather(module.table, ids), module.w)}

    module.predict = predict
    tf.saved_model.save(module, path, signatures={"serving_default": predict})


def write_frozen(tf, folder, name, table, folded):
    """Write the same as a frozen graph; ``folded``: its two weights as their product."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as session:
        ids = v1.placeholder(tf.int64, [None], name="ids")
        if folded:
            tf.gather(tf.constant(table @ W, name="product"), ids, name="y")
        else:
            weights = [
                v1.get_variable(key, initializer=value, use_resource=False)
                for key, value in (("net/table", table), ("net/w", W))
            ]
            tf.matmul(tf.gather(weights[0], ids), weights[1], name="y")
        session.run(v1.global_variables_initializer())
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    with open(os.path.join(folder, name), "wb") as file:
        file.write(frozen.SerializeToString())


def write_small(tf, folder):
    """Write models whose output is smaller than the tolerance of float32."""
    for name, factor in (("small", 1e-6), ("small_negated", -1e-6), ("small_zero", 0.0)):
        module = tf.Module()
        module.predict = tf.function(
            functools.partial(small, tf, factor),
            input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")],
        )
        tf.saved_model.save(
            module, os.path.join(folder, name), signatures={"serving_default": module.predict}
        )


def small(tf, factor, x):
    """Return an output that is no larger than ``factor``."""
    return {"y": factor * tf.tanh(tf.matmul(x, W[:4]))}
