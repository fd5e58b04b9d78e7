"""Write the TensorFlow 1 artefacts of the other kinds: graphs, Keras files, a Hub module.

Run it under TensorFlow 1.15 with ``tensorflow-hub==0.12.0`` and ``h5py<3``:
``python write_sides.py FOLDER``.  The files in ``sides/`` were written by it, under
TensorFlow 1.15.5 and Python 3.7.
"""

import os
import shutil
import sys

import numpy as np
import tensorflow as tf
from write_models import W, export, signature, started


def trained(folder):
    """A training graph: its checkpoint with a meta graph, its export, and its frozen graph.

    The output is consumed by the loss, so that it is no sink of the graph.
    """
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    with tf.variable_scope("net"):
        w = tf.get_variable("w", initializer=W)
        b = tf.get_variable("b", initializer=np.array([0.1, -0.2, 0.3], np.float32))
        frozen = tf.get_variable("scale", initializer=np.float32(0.5), trainable=False)
    logits = tf.add(tf.matmul(x, w) * frozen, b, name="logits")
    scores = tf.nn.softmax(logits, name="scores")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss"
    )
    tf.summary.scalar("loss", loss)
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
    feeds = {x: np.ones((2, 4), np.float32), labels: [0, 1]}
    with started() as session:
        for _ in range(3):
            session.run(train, feeds)
        saver = tf.train.Saver()
        os.makedirs(os.path.join(folder, "trained"))
        saver.save(session, os.path.join(folder, "trained", "model.ckpt"), global_step=3)
        bare = os.path.join(folder, "trained", "values.ckpt")
        saver.save(session, bare, write_meta_graph=False)
        both = {
            "serving_default": signature({"x": x}, {"scores": scores}),
            "both": signature({"x": x, "labels": labels}, {"loss": loss, "logits": logits}),
        }
        one = {"serving_default": both["serving_default"]}
        export(os.path.join(folder, "trained_export"), session, one)
        export(os.path.join(folder, "trained_signatures"), session, both)
        definition = tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, ["scores"]
        )
        tf.io.write_graph(definition, folder, "trained.pb", as_text=False)
        tf.io.write_graph(definition, folder, "trained.pbtxt")


def nameless(folder):
    """Tensors that nobody named, one in and one out."""
    x = tf.placeholder(tf.float32, [None, 4])
    w = tf.Variable(W)
    tf.nn.softmax(tf.matmul(x, w))
    with started() as session:
        os.makedirs(os.path.join(folder, "nameless"))
        tf.train.Saver().save(session, os.path.join(folder, "nameless", "model.ckpt"))


def two_heads(folder):
    """Two placeholders of one shape and two outputs, none of which is named."""
    one = tf.placeholder(tf.float32, [None, 3])
    two = tf.placeholder(tf.float32, [None, 3])
    tf.identity(one - two)
    tf.identity(one * two)
    tf.io.write_graph(tf.get_default_graph().as_graph_def(), folder, "two_heads.pb", as_text=False)


def words(folder):
    """A frozen graph with a table, and one that still needs its variable."""
    keys = tf.placeholder(tf.string, [None], name="keys")
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64)), -1
    )
    tf.identity(table.lookup(keys), name="ids")
    tf.io.write_graph(tf.get_default_graph().as_graph_def(), folder, "words.pb", as_text=False)
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    tf.matmul(x, tf.Variable(W), name="y")
    tf.io.write_graph(tf.get_default_graph().as_graph_def(), folder, "unfrozen.pb", as_text=False)


def keras_files(folder):
    """A Keras model in HDF5, its weights only, and its export."""
    inputs = tf.keras.layers.Input((4,), name="features")
    hidden = tf.keras.layers.Dense(3, activation="relu", name="hidden")(inputs)
    outputs = tf.keras.layers.Dense(2, activation="softmax", name="scores")(hidden)
    model = tf.keras.Model(inputs, outputs)
    rng = np.random.RandomState(3)
    model.set_weights([rng.randn(*value.shape) for value in model.get_weights()])
    model.compile("adam", "categorical_crossentropy")
    model.fit(np.ones((4, 4)), np.ones((4, 2)) / 2, verbose=0)
    model.save(os.path.join(folder, "dense.h5"))
    model.save_weights(os.path.join(folder, "dense_weights.h5"))
    tf.saved_model.simple_save(
        tf.keras.backend.get_session(),
        os.path.join(folder, "dense_export"),
        {"features": model.input},
        {"scores": model.output},
    )


def keras_pairs(folder):
    """Keras models of two inputs and outputs: one plain, one with a Lambda layer."""
    first = tf.keras.layers.Input((3,), name="first")
    second = tf.keras.layers.Input((3,), name="second")
    twice = tf.keras.layers.Lambda(lambda x: 2 * x, name="twice")(first)
    difference = tf.keras.layers.Subtract(name="difference")([twice, second])
    total = tf.keras.layers.Add(name="total")([first, second])
    tf.keras.Model([first, second], [difference, total]).save(os.path.join(folder, "twice.h5"))
    plain = tf.keras.layers.Subtract(name="difference")([first, second])
    tf.keras.Model([first, second], [plain, total]).save(os.path.join(folder, "two.h5"))


def composite(folder):
    """Ragged and sparse tensors in and out."""
    x = tf.ragged.placeholder(tf.float32, 1, [], name="x")
    outputs = {"twice": x * 2.0, "sums": tf.reduce_sum(x, 1), "sparse": x.to_sparse()}
    with started() as session:
        export(
            os.path.join(folder, "ragged"),
            session,
            {"serving_default": signature({"x": x}, outputs)},
        )


def hub_module(folder):
    """A Hub module with a meta graph for training as well."""
    import tensorflow_hub as hub

    def module(training):
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        w = tf.get_variable("w", initializer=W)
        y = tf.matmul(x, w)
        hub.add_signature(inputs=x, outputs=tf.nn.dropout(y, 0.5) if training else y)
        hub.add_signature("named", inputs={"x": x}, outputs={"scores": tf.nn.softmax(y)})

    spec = hub.create_module_spec(
        module, [(set(), {"training": False}), ({"train"}, {"training": True})]
    )
    exported = hub.Module(spec)
    with started() as session:
        exported.export(os.path.join(folder, "hub"), session)


WRITERS = (
    trained,
    nameless,
    two_heads,
    words,
    keras_files,
    keras_pairs,
    composite,
    hub_module,
)


def main(folder):
    """Write everything into ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for write in WRITERS:
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            write(folder)


if __name__ == "__main__":
    main(sys.argv[1])
