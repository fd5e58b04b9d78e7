"""Several signatures, made in the ways that people make them."""

import os
import shutil

import numpy as np
import tensorflow as tf

EXPORT_DIR = "exported"
VERSION = 3
SCORES = "scores"

x = tf.placeholder(tf.float32, [None, 3], name="x")
factor = tf.placeholder_with_default(1.0, [], name="factor")
hint = tf.placeholder(tf.string, [None], name="hint")  # nothing needs it
w = tf.Variable(tf.random_normal([3, 2]), name="w")
b = tf.Variable(tf.zeros([2]), name="b")
logits = tf.nn.tanh(tf.matmul(x, w) + b) * factor
best = tf.argmax(logits, 1)

data = np.random.RandomState(0).normal(size=(4, 3))
path = os.path.join(EXPORT_DIR, str(VERSION))
if os.path.exists(path):
    shutil.rmtree(path)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(logits, {x: data}))

    builder = tf.saved_model.builder.SavedModelBuilder(path)
    # what goes in, and what comes out
    inputs = {"features": tf.saved_model.utils.build_tensor_info(x)}
    outputs = {
        SCORES: tf.saved_model.utils.build_tensor_info(logits),
        "best": tf.saved_model.utils.build_tensor_info(best),
    }
    signature = tf.saved_model.signature_def_utils.build_signature_def(
        inputs=inputs,
        outputs=outputs,
        method_name=tf.saved_model.signature_constants.PREDICT_METHOD_NAME,
    )
    # probabilities instead, and the weights
    softmax = tf.saved_model.signature_def_utils.predict_signature_def(
        inputs={"features": x, "factor": factor, "hint": hint},
        outputs={"probabilities": tf.nn.softmax(logits), "weights": w},
    )
    signatures = {
        tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature,
        "softmax": softmax,
    }
    builder.add_meta_graph_and_variables(
        sess,
        [tf.saved_model.tag_constants.SERVING],
        signature_def_map=signatures,
        legacy_init_op=tf.group(tf.tables_initializer(), name="legacy_init_op"),
    )
    builder.save()
    print("exported", path)
