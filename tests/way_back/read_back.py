"""Read what migrated programs wrote with the readers of TensorFlow 1; stands alone.

``python read_back.py FOLDER CASES RESULT``: ``FOLDER/<case>/out`` holds what each of the programs
``CASES/<case>`` (before their migration) wrote on TensorFlow 2. ``RESULT`` becomes JSON:
artefact -> reader -> ``reads`` (the values are right), ``other values``, or the error.
"""

import importlib
import json
import os
import sys
import traceback

import numpy as np
import tensorflow

try:
    import tensorflow.compat.v1 as tf

    if not tf.__version__.startswith("1."):
        tf.disable_v2_behavior()
except ImportError:
    import tensorflow as tf

FOLDER, CASES, RESULT = sys.argv[1:4]
found = {}


def path(case, *names):
    """Return a path in the folder of a program."""
    return os.path.join(FOLDER, case, "out", *names)


def expected(case, name):
    """Return an array of the results of a program."""
    with np.load(path(case, "results.npz")) as stored:
        return stored[name]


def measure(artefact, reader, function):
    """Note whether ``function`` returns pairs of equal arrays."""
    try:
        with tf.Graph().as_default():
            pairs = function()
        close = all(np.allclose(a, b, 1e-5, 1e-5) for a, b in pairs)
        told = "reads" if close and pairs else "other values"
    except Exception as error:
        told = type(error).__name__
        sys.stderr.write("%s, %s:\n%s" % (artefact, reader, traceback.format_exc()[-1500:]))
    found.setdefault(artefact, {})[reader] = told


def graph_of(case, module):
    """Import a module of a legacy program afresh."""
    sys.path.insert(0, os.path.join(CASES, case, "before"))
    try:
        sys.modules.pop(module, None)
        return importlib.import_module(module)
    finally:
        del sys.path[0]


def native_graph():
    """Build the graph of the program that became a module; it saves when it is imported."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    target = tf.placeholder(tf.float32, [None, 1], name="target")
    w = tf.Variable(tf.zeros([3, 1]), name="w")
    b = tf.Variable(tf.ones([1]), name="b")
    y = tf.add(tf.matmul(x, w), b, name="y")
    loss = tf.reduce_mean(tf.square(y - target))
    return x, y, tf.train.AdamOptimizer(0.1).minimize(loss)


def data(seed):
    """Return the data of a program."""
    return np.random.RandomState(seed).normal(size=(10, 3)).astype(np.float32)


# -- checkpoints ----------------------------------------------------------------------------


def by_reader(prefix, name):
    """Ask for a shape."""
    reader = tf.train.NewCheckpointReader(prefix)
    return [(reader.get_tensor(name).shape, (3, 1))]


def by_initializer(prefix, name, variable):
    """Return what init_from_checkpoint sets."""
    tf.train.init_from_checkpoint(prefix, {name: variable})
    with tf.Session() as sess:
        sess.run(variable.initializer)
        return sess.run(variable)


def saver_of_all(prefix):
    """Restore all."""
    _, y, _, _ = graph_of("session", "net").build()
    saver = tf.train.Saver()
    with tf.Session() as sess:
        saver.restore(sess, prefix)
        return [(sess.run(y), expected("session", "y"))]


def saver_of_some(prefix):
    """Restore the weights."""
    _, y, w, _ = graph_of("session", "net").build()
    b = [v for v in tf.global_variables() if v.op.name == "net/b"]
    with tf.Session() as sess:
        tf.train.Saver([w] + b).restore(sess, prefix)
        return [(sess.run(y), expected("session", "y"))]


def saver_under_names(prefix, names):
    """Restore under other names."""
    _, _, w, _ = graph_of("session", "net").build()
    with tf.Session() as sess:
        tf.train.Saver({names: w}).restore(sess, prefix)
        return [(sess.run(w), initialized(path("session", "all", "model.ckpt-3"), "net/w"))]


def initialized(prefix, name):
    """Return a variable's value from the whole checkpoint."""
    with tf.Graph().as_default(), tf.Session() as sess:
        graph_of("session", "net").build()
        tf.train.Saver().restore(sess, prefix)
        return sess.run(name + ":0")


def meta_graph(prefix):
    """Import the graph."""
    saver = tf.train.import_meta_graph(prefix + ".meta")
    with tf.Session() as sess:
        saver.restore(sess, prefix)
        return [(sess.run("y:0"), expected("session", "y"))]


def averages(prefix):
    """Restore the averages into the weights."""
    _, _, w, _ = graph_of("session", "net").build()
    with tf.Session() as sess:
        tf.train.Saver({"net/w/ExponentialMovingAverage": w}).restore(sess, prefix)
        value = sess.run(w)
    return [(value, initialized(prefix, "net/w/ExponentialMovingAverage"))]


def initializer(prefix, name):
    """Start from a variable."""
    _, _, w, _ = graph_of("session", "net").build()
    value = by_initializer(prefix, name, w)
    return [(value, initialized(path("session", "all", "model.ckpt-3"), "net/w"))]


def latest(folder, name):
    """Compare the name of the latest checkpoint."""
    return [(os.path.basename(tf.train.latest_checkpoint(folder)) == name, True)]


def session_checkpoints():
    """Ask about the bridge's Saver."""
    prefix, title = path("session", "all", "model.ckpt-3"), "tf2_bridge.Saver()"
    measure(title, "latest_checkpoint", lambda: latest(path("session", "all"), "model.ckpt-3"))
    measure(title, "Saver() over the same graph, slots and averages", lambda: saver_of_all(prefix))
    measure(title, "Saver(var_list) over a part", lambda: saver_of_some(prefix))
    measure(title, "Saver({name: variable}), under the old names", lambda: averages(prefix))
    measure(title, "import_meta_graph and its Saver", lambda: meta_graph(prefix))
    measure(title, "NewCheckpointReader, by the old name", lambda: by_reader(prefix, "net/w"))
    measure(
        title,
        "NewCheckpointReader, by the new key",
        lambda: by_reader(prefix, "variables/net.Sw/.ATTRIBUTES/VARIABLE_VALUE"),
    )
    measure(title, "init_from_checkpoint, by the old name", lambda: initializer(prefix, "net/w"))
    measure(
        title,
        "init_from_checkpoint, by the new key",
        lambda: initializer(prefix, "variables/net.Sw/.ATTRIBUTES/VARIABLE_VALUE"),
    )
    prefix, title = path("session", "renamed", "model.ckpt"), "tf2_bridge.Saver({name: variable})"
    measure(
        title,
        "Saver({name: variable}), under the old names",
        lambda: saver_under_names(prefix, "renamed"),
    )
    measure(
        title,
        "Saver({name: variable}), under the variable's own",
        lambda: saver_under_names(prefix, "net/w"),
    )
    measure(title, "init_from_checkpoint, by the old name", lambda: initializer(prefix, "renamed"))


def native_saver(prefix, slots):
    """Restore what a module saved."""
    x, y, _ = native_graph()
    kept = tf.global_variables() if slots else tf.trainable_variables()
    with tf.Session() as sess:
        tf.train.Saver(kept).restore(sess, prefix)
        pairs = [(sess.run(y, {x: data(22)}), expected("native", "y"))]
        if slots:
            power = sess.run("beta2_power:0")
            pairs.append((power, 0.999**6))
        return pairs


def native_checkpoints():
    """Ask about a module's checkpoints."""
    prefix, title = path("native", "model.ckpt-5"), "tf.train.CheckpointManager (native)"
    measure(title, "latest_checkpoint", lambda: latest(path("native"), "model.ckpt-5"))
    measure(
        title,
        "Saver() over the same graph, slots and averages",
        lambda: native_saver(prefix, slots=True),
    )
    measure(title, "Saver(var_list) over a part", lambda: native_saver(prefix, slots=False))
    measure(title, "NewCheckpointReader, by the old name", lambda: by_reader(prefix, "w"))
    measure(
        title,
        "NewCheckpointReader, by the new key",
        lambda: by_reader(prefix, "variables/w/.ATTRIBUTES/VARIABLE_VALUE"),
    )


def resumed(case, folder):
    """Return what a managed session starts with."""
    w, _ = graph_of(case, "main").build()
    with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(checkpoint_dir=folder)) as sess:
        return [(sess.run(w), expected("managed", "w"))]


def managed_checkpoints():
    """Ask about a managed session's checkpoints."""
    prefix, title = path("managed", "train", "model.ckpt-4"), "MonitoredTrainingSession"

    def saver():
        w, _ = graph_of("managed", "main").build()
        with tf.Session() as sess:
            tf.train.Saver().restore(sess, prefix)
            return [(sess.run(w), expected("managed", "w"))]

    def meta():
        importer = tf.train.import_meta_graph(prefix + ".meta")
        with tf.Session() as sess:
            importer.restore(sess, prefix)
            return [(sess.run("w:0"), expected("managed", "w"))]

    measure(title, "latest_checkpoint", lambda: latest(path("managed", "train"), "model.ckpt-4"))
    measure(title, "Saver() over the same graph, slots and averages", saver)
    measure(
        title,
        "MonitoredTrainingSession goes on",
        lambda: resumed("managed", path("managed", "train")),
    )
    measure(title, "import_meta_graph and its Saver", meta)
    measure(title, "NewCheckpointReader, by the old name", lambda: by_reader(prefix, "w"))


def managed_from_bridge():
    """Let a managed session start from what the bridge's Saver wrote."""

    def start():
        _, y, _, _ = graph_of("session", "net").build()
        prefix = path("session", "all", "model.ckpt-3")
        creator = tf.train.ChiefSessionCreator(checkpoint_filename_with_path=prefix)
        with tf.train.MonitoredSession(creator) as sess:
            return [(sess.run(y), expected("session", "y"))]

    measure("tf2_bridge.Saver()", "MonitoredTrainingSession goes on", start)


# -- SavedModels ----------------------------------------------------------------------------


def loaded(folder, key, feed, output, wanted):
    """Run a signature."""
    with tf.Session() as sess:
        meta = tf.saved_model.loader.load(sess, ["serve"], folder)
        signature = meta.signature_def[key]
        fed = {signature.inputs[name].name: value for name, value in feed.items()}
        return [(sess.run(signature.outputs[output].name, fed), wanted)]


def by_tensor_name(folder, feed, output, wanted):
    """Run by the names of the old graph."""
    with tf.Session() as sess:
        tf.saved_model.loader.load(sess, ["serve"], folder)
        return [(sess.run(output, feed), wanted)]


def predicted(folder, feed, output, wanted):
    """Run a predictor."""
    predictor = importlib.import_module("tensorflow.contrib.predictor")
    return [(predictor.from_saved_model(folder)(feed)[output], wanted)]


def as_object(folder, feed, output, wanted):
    """Load with TensorFlow 2's loader, which 1.15 has, too."""
    signature = tensorflow.compat.v2.saved_model.load(folder).signatures["serving_default"]
    inputs = {name: tf.constant(value) for name, value in feed.items()}
    result = signature(**inputs)[output]
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
        return [(sess.run(result), wanted)]


def exports():
    """Ask about SavedModels."""
    for title, case, folder, feed, output, wanted in (
        ("tf2_bridge.SessionModule", "session", "export", {"x": data(21)}, "y", None),
        (
            "tf2_bridge.SessionModule with a table",
            "session",
            "table",
            {"words": np.array(["b", "zz"], object)},
            "value",
            np.array([2.5, 0.5], np.float32),
        ),
        ("tf.saved_model.save (native)", "native", "export", {"x": data(22)}, "y", None),
    ):
        wanted = expected(case, "y") if wanted is None else wanted
        ask(title, path(case, folder), feed, output, wanted)


def ask(title, at, feed, output, wanted):
    """Ask about one SavedModel."""
    key = "serving_default"
    measure(
        title,
        "loader.load, names from its signature_def",
        lambda: loaded(at, key, feed, output, wanted),
    )
    names = {key + ":0": value for key, value in feed.items()}
    name = "y:0" if output == "y" else "GatherV2:0"
    measure(
        title,
        "loader.load, the names of the old graph",
        lambda: by_tensor_name(at, names, name, wanted),
    )
    measure(
        title,
        "contrib.predictor.from_saved_model",
        lambda: predicted(at, feed, output, wanted),
    )
    measure(title, "compat.v2.saved_model.load", lambda: as_object(at, feed, output, wanted))


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.ERROR)
    session_checkpoints()
    managed_from_bridge()
    native_checkpoints()
    managed_checkpoints()
    exports()
    with open(RESULT, "w") as stream:
        json.dump(found, stream, indent=1, sort_keys=True)
