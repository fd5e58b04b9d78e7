"""Write a small trained classifier in every form that programs load: artefacts.py FOLDER.

Runs on TensorFlow 1.15, as programs did, and on 2.21, as their migrated session programs do.
"""

import os
import sys

import numpy as np
import tensorflow.compat.v1 as tf

TF1 = tf.__version__.startswith("1.")

SIZES = (("hidden", 2, 3), ("output", 3, 2))


def build():
    """Build the classifier in the default graph."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    keep = tf.placeholder_with_default(1.0, [], name="keep_prob")
    labels = tf.placeholder(tf.float32, [None, 2], name="labels")
    rng = np.random.RandomState(3)
    layer = x
    for name, rows, columns in SIZES:
        with tf.variable_scope(name):
            start = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
            w = tf.get_variable("w", initializer=start)
            b = tf.get_variable("b", [columns], initializer=tf.constant_initializer(0.1))
            layer = tf.matmul(layer, w) + b
            if name == "hidden":
                layer = tf.nn.dropout(tf.nn.tanh(layer, name="act"), rate=1 - keep)
    logits = tf.identity(layer, name="logits")
    scores = tf.nn.softmax(logits, name="y")
    best = tf.argmax(scores, 1, name="best")
    loss = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits), name="loss"
    )
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(0.05).minimize(loss, step, name="train")
    tf.add_to_collection("outputs", scores)
    tf.add_to_collection("outputs", best)
    return x, labels, scores, best


def write(folder):
    """Train for five steps; write an export, a checkpoint with its graph, and a frozen graph."""
    x, labels, scores, best = build()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        rng = np.random.RandomState(5)
        for _ in range(5):
            feed = {x: rng.uniform(-1, 1, (8, 2)), labels: np.eye(2)[rng.randint(0, 2, 8)]}
            sess.run("train", feed)
        frozen = tf.graph_util.convert_variables_to_constants(
            sess, sess.graph.as_graph_def(), ["y", "best"]
        )
        with open(os.path.join(folder, "frozen.pb"), "wb") as stream:
            stream.write(frozen.SerializeToString())
        export, prefix = os.path.join(folder, "export"), os.path.join(folder, "ckpt", "model")
        os.makedirs(os.path.dirname(prefix))
        signature = {"x": x}, {"y": scores, "best": best}
        if TF1:
            tf.train.Saver().save(sess, prefix, global_step=5)
            tf.saved_model.simple_save(sess, export, *signature)
            return
        import tf2_bridge

        tf2_bridge.Saver().save(sess, prefix, global_step=5)
        module = tf2_bridge.session_module(sess, export, *signature)
        import tensorflow as tf2

        with module:
            tf2.saved_model.save(module, module.export_dir, signatures=module.signatures)


if __name__ == "__main__":
    if not TF1:
        tf.disable_v2_behavior()
    write(sys.argv[1])
