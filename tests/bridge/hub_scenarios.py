"""Modules of TF1 Hub through the bridge: run with the stored module and a folder to write to."""

import json
import os
import sys

import numpy as np

sys.path.insert(0, os.environ["VENDORED"])

import tensorflow as tf
import tf2_bridge

MODULE, OUT = sys.argv[1:3]
X = np.arange(8.0).reshape(2, 4).astype(np.float32)
found = {}
v1 = tf.compat.v1


def features(is_training=False):
    """Build a layer that normalizes with the batch or with a stored mean."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    kernel = v1.get_variable(
        "kernel",
        [4, 3],
        initializer=v1.constant_initializer(np.linspace(-1, 1, 12).reshape(4, 3)),
        regularizer=lambda w: 0.1 * tf.reduce_sum(w * w),
    )
    mean = v1.get_variable("mean", [3], initializer=v1.constant_initializer(0.5), trainable=False)
    y = tf.matmul(x, kernel)
    y = y - (tf.reduce_mean(y, 0) if is_training else mean)
    tf2_bridge.add_signature(inputs=x, outputs=tf.nn.sigmoid(y))
    tf2_bridge.add_signature("both", inputs={"images": x}, outputs={"y": y, "z": y * 2.0})


def sparse():
    """Build a layer of a sparse input."""
    x = v1.sparse_placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 1], initializer=v1.ones_initializer())
    tf2_bridge.add_signature(inputs=x, outputs=tf.sparse.sparse_dense_matmul(x, w))


def partitioned():
    """Build a layer whose weights are in two parts."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable(
        "w",
        [4, 3],
        initializer=v1.constant_initializer(2.0),
        partitioner=v1.fixed_size_partitioner(2),
    )
    tf2_bridge.add_signature(inputs=x, outputs=tf.matmul(x, tf.convert_to_tensor(w)))


def text_in_graph():
    """Apply the stored module twice, and export it."""
    with tf.Graph().as_default():
        with v1.variable_scope("encoder"):
            module = tf2_bridge.HubModule(MODULE, trainable=True, name="words")
        again = tf2_bridge.HubModule(MODULE)
        outputs = [module(["dog", "nobody"]), again(tf.constant(["dog"]))]
        gradient = tf.convert_to_tensor(v1.gradients(outputs[0], module.variables)[0])
        with v1.Session() as session:
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            values = session.run([*outputs, gradient, v1.losses.get_regularization_loss()])
            module.export(os.path.join(OUT, "text"), session)
        return {
            "values": [value.tolist() for value in values],
            "names": sorted(one.op.name for one in v1.global_variables()),
            "trained": sorted(one.op.name for one in v1.trainable_variables()),
            "map": sorted(module.variable_map),
            "signatures": module.get_signature_names(),
            "shape": module.get_output_info_dict()["default"].get_shape().as_list(),
        }


def export_features(path):
    """Export a module with two tag sets."""
    spec = tf2_bridge.create_module_spec(
        features, tags_and_args=[((), {}), ({"train"}, {"is_training": True})]
    )
    with tf.Graph().as_default():
        module = tf2_bridge.HubModule(spec, trainable=True, tags={"train"})
        training, plain = module(X), tf2_bridge.HubModule(spec)(X)
        with v1.train.SingularMonitoredSession() as session:
            values = session.run([training, plain])
            module.export(path, session)
    return [value.tolist() for value in values]


def changed_and_exported_again(path):
    """Export what was loaded of a SavedModel of TensorFlow 2, with other values."""
    with tf.Graph().as_default(), v1.Session() as session:
        module = tf2_bridge.HubModule(path, trainable=True)
        session.run(v1.global_variables_initializer())
        session.run([one.assign(tf.zeros_like(one)) for one in module.variables])
        module.export(path + "_again", session)


def errors(path):
    """Return what is raised."""
    told = {}

    def attempt(name, function):
        with tf.Graph().as_default(), v1.Session() as session:
            try:
                function(session)
                told[name] = "nothing"
            except Exception as error:
                told[name] = f"{type(error).__name__}: {error}"

    attempt("tags", lambda s: tf2_bridge.HubModule(path, tags={"other"}))
    attempt("signature", lambda s: tf2_bridge.HubModule(path)(X, signature="other"))
    attempt("input", lambda s: tf2_bridge.HubModule(path)({"wrong": X}))
    attempt("output", lambda s: tf2_bridge.HubModule(path)({"images": X}, signature="both"))
    attempt("nothing to call", lambda s: tf2_bridge.create_module_spec(lambda: None))
    spec = tf2_bridge.create_module_spec(features)
    attempt("taken", lambda s: tf2_bridge.HubModule(spec).export(path, s))
    attempt("scope", lambda s: (tf.constant(1, name="module"), tf2_bridge.HubModule(spec)))
    return told


v1.disable_v2_behavior()
found["text"] = text_in_graph()
found["features"] = export_features(os.path.join(OUT, "features"))
changed_and_exported_again(os.path.join(OUT, "features"))
found["errors"] = errors(os.path.join(OUT, "features"))
with tf.Graph().as_default(), v1.Session() as session:
    value = tf.sparse.from_dense(X)
    module = tf2_bridge.HubModule(tf2_bridge.create_module_spec(sparse))
    result = module(value)
    session.run(v1.global_variables_initializer())
    found["sparse"] = session.run(result).tolist()
with tf.Graph().as_default(), v1.Session() as session:
    module = tf2_bridge.HubModule(tf2_bridge.create_module_spec(partitioned))
    result = module(X)
    session.run(v1.global_variables_initializer())
    module.export(os.path.join(OUT, "partitioned"), session)
    found["partitioned"] = [session.run(result).tolist(), len(module.variable_map["w"])]
with open(os.path.join(OUT, "found.json"), "w") as stream:
    json.dump(found, stream)
