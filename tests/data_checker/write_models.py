"""Write the TensorFlow 1 models that the checker's tests compare.

Run it under TensorFlow 1.15: ``python write_models.py FOLDER``.  The models beside this
file were written by it, under TensorFlow 1.15.5 and Python 3.7.
"""

import os
import shutil
import sys

import numpy as np
import tensorflow as tf

W = np.random.RandomState(7).randn(4, 3).astype(np.float32)
B = np.array([0.1, -0.2, 0.3], np.float32)
WORDS = ["cat", "dog", "horse"]


def info(tensors):
    """Return name to TensorInfo."""
    return {name: tf.saved_model.utils.build_tensor_info(t) for name, t in tensors.items()}


def signature(inputs, outputs, method="tensorflow/serving/predict"):
    """Return a SignatureDef over tensors."""
    return tf.saved_model.signature_def_utils.build_signature_def(
        info(inputs), info(outputs), method
    )


def export(path, session, signatures, tags=("serve",), **options):
    """Write a SavedModel with one meta graph."""
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    builder.add_meta_graph_and_variables(
        session, list(tags), signature_def_map=signatures, strip_default_attrs=True, **options
    )
    builder.save()


def started():
    """Return a session whose variables and tables are initialised."""
    session = tf.Session()
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    return session


def classifier(folder, name, resource=False, scope="", words=WORDS, checkpoint=False):
    """A trained softmax with floats, integers, bools and strings from a vocabulary asset."""
    vocabulary = os.path.join(folder, name + "_words.txt")
    with open(vocabulary, "w") as file:
        file.write("\n".join(words) + "\n")
    asset = tf.constant(vocabulary, name="vocabulary")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, asset)
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            asset,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
        ),
        default_value="unknown",
    )
    with tf.variable_scope("net", use_resource=resource):
        w = tf.get_variable("w", initializer=W)
        b = tf.get_variable("b", initializer=B)
    step = tf.train.get_or_create_global_step()
    with tf.name_scope(scope):
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        logits = tf.add(tf.matmul(x, w), b, name="logits")
        label = tf.argmax(logits, 1, name="label")
        outputs = {
            "logits": logits,
            "scores": tf.nn.softmax(logits),
            "label": label,
            "word": table.lookup(label),
            "sure": tf.reduce_max(logits, 1) > 0.5,
        }
    loss = tf.reduce_mean(tf.square(logits))
    train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
    with started() as session:
        # two steps, so that the slots hold something; then the weights are put back
        for _ in range(2):
            session.run(train, {x: np.ones((2, 4), np.float32)})
        session.run([w.initializer, b.initializer])
        if checkpoint:
            prefix = os.path.join(folder, name + "_checkpoint", "model.ckpt")
            os.makedirs(os.path.dirname(prefix))
            tf.train.Saver().save(session, prefix, global_step=5, write_meta_graph=False)
        export(
            os.path.join(folder, name),
            session,
            {"serving_default": signature({"x": x}, outputs)},
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
            main_op=tf.tables_initializer(),
        )
    os.remove(vocabulary)


def kinds(folder, name):
    """Every kind of value, NaN and infinities included; no variable."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    n = tf.placeholder(tf.int64, [None], name="n")
    s = tf.placeholder(tf.string, [None], name="s")
    outputs = {
        "root": tf.sqrt(x),
        "inverse": 1.0 / x,
        "half": tf.cast(x, tf.float16) * 2,
        "double": tf.cast(x, tf.float64) / 3,
        "huge": n + (2**62 + 1),
        "bytes": s + tf.constant(b"\x00\xff\x00"),
        "complex": tf.complex(x, -x),
    }
    with started() as session:
        export(
            os.path.join(folder, name),
            session,
            {"serving_default": signature({"x": x, "n": n, "s": s}, outputs)},
        )


def simple(folder, name, build, method="tensorflow/serving/predict", **options):
    """A model whose inputs and outputs ``build()`` returns."""
    inputs, outputs = build()
    with started() as session:
        export(
            os.path.join(folder, name),
            session,
            {"serving_default": signature(inputs, outputs, method)},
            **options,
        )


def keep_prob():
    """Its signature leaves out a placeholder that the output needs."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    keep = tf.placeholder(tf.float32, name="keep_prob")
    w = tf.get_variable("w", initializer=W)
    return {"x": x}, {"y": tf.nn.dropout(tf.matmul(x, w), keep)}


def lookup():
    """An embedding of five rows: a larger id raises on a CPU."""
    ids = tf.placeholder(tf.int32, [None, None], name="ids")
    table = tf.get_variable("table", initializer=np.arange(10, dtype=np.float32).reshape(5, 2))
    return {"ids": ids}, {"vectors": tf.nn.embedding_lookup(table, ids)}


def slash():
    """Input keys that are no Python names."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 4], name="y")
    return {"input/x": x, "1y": y}, {"out/sum:0": x + 2 * y}


def noise():
    """An output that is another one on every run, beside one that is not."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return {"x": x}, {"noisy": x + tf.random_uniform([4]), "double": 2 * x}


def counter():
    """A state that every run changes."""
    x = tf.placeholder(tf.float32, [None], name="x")
    count = tf.get_variable("count", initializer=np.float32(0))
    return {"x": x}, {"count": x + tf.assign_add(count, 1)}


def empty():
    """An output without elements."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return {"x": x}, {"none": x[:0], "double": 2 * x}


def convolution():
    """An image of unknown size that must be at least as wide as the filter."""
    x = tf.placeholder(tf.float32, [None, None, None, 1], name="x")
    kernel = tf.get_variable("kernel", initializer=np.ones((7, 7, 1, 1), np.float32))
    return {"x": x}, {"y": tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID")}


def examples():
    """A parser of serialized examples."""
    serialized = tf.placeholder(tf.string, [None], name="serialized")
    spec = {
        "age": tf.FixedLenFeature([], tf.int64),
        "size": tf.FixedLenFeature([2], tf.float32),
        "tag": tf.VarLenFeature(tf.string),
    }
    found = tf.parse_example(serialized, spec)
    total = tf.cast(found["age"], tf.float32) + tf.reduce_sum(found["size"], 1)
    return {"examples": serialized}, {"total": total, "tags": found["tag"].values}


def images():
    """A decoder of images."""
    data = tf.placeholder(tf.string, [None], name="data")
    mean = tf.map_fn(
        lambda item: tf.reduce_mean(tf.cast(tf.image.decode_jpeg(item, 3), tf.float32)),
        data,
        dtype=tf.float32,
    )
    return {"data": data}, {"mean": mean}


def sparse():
    """A sparse input."""
    x = tf.sparse_placeholder(tf.float32, [None, 6], name="x")
    return {"x": x}, {"sum": tf.sparse_reduce_sum(x, 1)}


def partitioned():
    """A variable in two partitions."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    w = tf.get_variable(
        "w", [4, 3], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2)
    )
    return {"x": x}, {"y": tf.matmul(x, tf.convert_to_tensor(w))}


def normalized():
    """A training graph with a fused batch normalisation, whose gradient TensorFlow 2 refuses.

    The ``_output_shapes`` of FusedBatchNormGradV3 contradict its shape function there.
    """
    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="x")
    y = tf.layers.batch_normalization(x, training=False)
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y * y))
    return {"x": x}, {"y": y}


def two_graphs(folder, name):
    """Two meta graphs."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    w = tf.get_variable("w", initializer=W)
    signatures = {"serving_default": signature({"x": x}, {"y": tf.matmul(x, w)})}
    with started() as session:
        builder = tf.saved_model.builder.SavedModelBuilder(os.path.join(folder, name))
        builder.add_meta_graph_and_variables(session, ["train"], signature_def_map=signatures)
        builder.add_meta_graph(["serve"], signature_def_map=signatures)
        builder.save()


def no_signature(folder, name):
    """A model without signatures."""
    tf.get_variable("w", initializer=W)
    with started() as session:
        export(os.path.join(folder, name), session, {})


def averaged(folder, name):
    """A checkpoint that a Saver with a dict wrote: its keys are not the variables' names."""
    w = tf.get_variable("net/w", initializer=W)
    b = tf.get_variable("net/b", initializer=B)
    step = tf.get_variable("global_step", initializer=np.int64(2**62 + 1), trainable=False)
    saver = tf.train.Saver({"net/w/ExponentialMovingAverage": w, "bias": b, "global_step": step})
    with started() as session:
        os.makedirs(os.path.join(folder, name))
        saver.save(session, os.path.join(folder, name, "model.ckpt"), write_meta_graph=False)


MODELS = {
    "classifier": lambda f, n: classifier(f, n, checkpoint=True),
    "classifier_resource": lambda f, n: classifier(f, n, resource=True, scope="tower/a"),
    "kinds": kinds,
    "keep_prob": lambda f, n: simple(f, n, keep_prob),
    "lookup": lambda f, n: simple(f, n, lookup),
    "slash": lambda f, n: simple(f, n, slash),
    "noise": lambda f, n: simple(f, n, noise),
    "counter": lambda f, n: simple(f, n, counter),
    "empty": lambda f, n: simple(f, n, empty),
    "convolution": lambda f, n: simple(f, n, convolution),
    "examples": lambda f, n: simple(f, n, examples),
    "images": lambda f, n: simple(f, n, images),
    "sparse": lambda f, n: simple(f, n, sparse),
    "partitioned": lambda f, n: simple(f, n, partitioned),
    "normalized": lambda f, n: simple(f, n, normalized),
    "two_graphs": two_graphs,
    "no_signature": no_signature,
    "averaged_checkpoint": averaged,
}


def main(folder):
    """Write every model into ``folder``."""
    for name, write in sorted(MODELS.items()):
        for path in (name, name + "_checkpoint"):
            shutil.rmtree(os.path.join(folder, path), ignore_errors=True)
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            write(folder, name)


if __name__ == "__main__":
    main(sys.argv[1])
