"""Train the same graph code with each optimizer, in a session or in a GraphModule.

    python graph_training.py session OUT          TensorFlow 1.15.5
    python graph_training.py module OUT BEFORE    TensorFlow 2, from OUT's checkpoints of the former
    python graph_training.py resume OUT AFTER     TensorFlow 1.15.5, from checkpoints of the latter

TensorFlow 2 takes the ``tf2_bridge`` in the folder ``$VENDORED``.

One process trains all of ``CASES`` and writes ``OUT/curves.json``. By case, "all" has the loss, an
averaged weight after the step, and the number of the step, of a hundred steps; "half" has the last
fifty from a checkpoint of TensorFlow 1, "again" from one of our own.
"""

# ruff: noqa: B905 - it runs on Python 3.7 too

from __future__ import annotations

import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

bridge = None
if not tf.__version__.startswith("1."):
    sys.path.insert(0, os.environ["VENDORED"])
    import tf2_bridge as bridge
v1 = tf.compat.v1
STEPS = 100

CASES = {
    "sgd": lambda rate: v1.train.GradientDescentOptimizer(rate),
    "momentum": lambda rate: v1.train.MomentumOptimizer(rate * 0.3, 0.9),
    "nesterov": lambda rate: v1.train.MomentumOptimizer(rate * 0.3, 0.9, use_nesterov=True),
    "adam": lambda rate: v1.train.AdamOptimizer(rate * 0.2),
    "adagrad": lambda rate: v1.train.AdagradOptimizer(rate),
    "adagrad_da": lambda rate: v1.train.AdagradDAOptimizer(
        rate, v1.train.get_or_create_global_step()
    ),
    "adadelta": lambda rate: v1.train.AdadeltaOptimizer(rate * 20.0, rho=0.9),
    "rmsprop": lambda rate: v1.train.RMSPropOptimizer(rate * 0.1, momentum=0.3, centered=True),
    "ftrl": lambda rate: v1.train.FtrlOptimizer(rate, l1_regularization_strength=0.001),
    "proximal_sgd": lambda rate: v1.train.ProximalGradientDescentOptimizer(
        rate, l2_regularization_strength=0.001
    ),
    "proximal_adagrad": lambda rate: v1.train.ProximalAdagradOptimizer(rate),
    "lstm": lambda rate: v1.train.AdamOptimizer(rate * 0.2, epsilon=1e-4),
    "loop": lambda rate: v1.train.AdamOptimizer(rate * 0.2),
    "slim": lambda rate: v1.train.GradientDescentOptimizer(rate * 0.02),
    "conv": lambda rate: v1.train.MomentumOptimizer(rate * 0.1, 0.9),
    "cells": lambda rate: v1.train.AdamOptimizer(rate * 0.2, epsilon=1e-4),
    "branch": lambda rate: v1.train.AdamOptimizer(rate * 0.2),
}


def slim_network(x, y, training):
    """Return the logits and the loss of a network of tf.contrib.slim, or what took its place."""
    slim = getattr(bridge, "slim", None) or tf.contrib.slim
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(0.01),
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": training, "decay": 0.9},
    ):
        h = slim.conv2d(tf.reshape(x, [-1, 3, 2, 1]), 4, [2, 2], scope="first")
        h = slim.repeat(h, 2, slim.conv2d, 4, [2, 2], scope="more")
        h = slim.fully_connected(slim.flatten(h), 8, scope="full")
    logits = slim.fully_connected(slim.dropout(h, 1.0), 3, activation_fn=None)
    v1.losses.softmax_cross_entropy(y, logits)
    return logits, v1.losses.get_total_loss()


def network(h, y, keep, training):
    """Return the logits, the loss and a weight of a network of tf.layers."""
    h = v1.layers.dense(
        h, 8, activation=tf.nn.relu, kernel_regularizer=lambda w: 0.01 * tf.nn.l2_loss(w)
    )
    h = v1.layers.batch_normalization(h, training=training, momentum=0.9)
    h = v1.nn.dropout(h, keep_prob=keep)
    with v1.variable_scope("out", regularizer=lambda w: 0.01 * tf.nn.l2_loss(w)):
        w = v1.get_variable("w", [8, 3])
        b = v1.get_variable("b", [3], initializer=v1.zeros_initializer())
    logits = tf.matmul(h, w) + b
    loss = tf.reduce_mean(
        v1.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits)
    ) + tf.add_n(v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES))
    return logits, loss, w


def build(case, feed):
    """Build the graph of a case; return what it is fed, what a step runs, and the loss."""
    x = feed(tf.float32, [None, 6], "x")
    words = feed(tf.int32, [None, 4], "words")
    y = feed(tf.float32, [None, 3], "y")
    keep = feed(tf.float32, [], "keep")
    training = feed(tf.bool, [], "training")
    step = v1.train.get_or_create_global_step()
    table = v1.get_variable("table", [11, 5], initializer=v1.random_normal_initializer(seed=3))
    looked = tf.nn.embedding_lookup(table, words)
    if case == "lstm":
        cell = v1.nn.rnn_cell.MultiRNNCell([v1.nn.rnn_cell.LSTMCell(5), v1.nn.rnn_cell.GRUCell(5)])
        outputs, _ = v1.nn.dynamic_rnn(cell, looked, dtype=tf.float32)
        looked = outputs[:, -1]
    elif case == "cells":
        lengths = tf.reduce_sum(tf.cast(words > 2, tf.int32), 1) + 1
        lengths = tf.minimum(lengths, 4)
        forward, backward = (
            v1.nn.rnn_cell.BasicLSTMCell(3, forget_bias=0.5),
            v1.nn.rnn_cell.BasicRNNCell(2),
        )
        (one, other), state = v1.nn.bidirectional_dynamic_rnn(
            forward, backward, looked, sequence_length=lengths, dtype=tf.float32
        )
        cell = v1.nn.rnn_cell.DropoutWrapper(v1.nn.rnn_cell.GRUCell(4), output_keep_prob=keep)
        outputs, _ = v1.nn.static_rnn(
            cell, tf.unstack(tf.concat([one, other], 2), axis=1), dtype=tf.float32
        )
        looked = tf.concat([outputs[-1], state[0].h], 1)
    elif case == "loop":
        turned = v1.get_variable("turned", [5, 5], initializer=v1.orthogonal_initializer(seed=1))
        _, looked = v1.while_loop(
            lambda i, _: i < tf.shape(words)[1],
            lambda i, h: (i + 1, tf.nn.tanh(tf.matmul(h, turned))),
            [tf.constant(0), x[:, :5]],
        )
    elif case == "conv":
        image = tf.reshape(looked, [-1, 4, 5, 1])
        h = v1.layers.conv2d(image, 4, 2, padding="same", use_bias=False)
        h = tf.nn.relu(v1.layers.batch_normalization(h, training=training, momentum=0.9))
        h = v1.layers.conv2d_transpose(v1.layers.max_pooling2d(h, 2, 2), 2, 2, strides=2)
        h = v1.layers.batch_normalization(h, training=training, momentum=0.9, scale=False)
        looked = v1.layers.flatten(v1.layers.average_pooling2d(h, 2, 2))
    elif case == "branch":
        looked = tf.reduce_mean(looked, 1)
        looked = v1.cond(training, lambda: looked * 2, lambda: -looked)
    else:
        looked = tf.reduce_mean(looked, 1)
    if case == "slim":
        logits, loss = slim_network(x, y, training)
        w = v1.trainable_variables()[1]
    else:
        logits, loss, w = network(tf.concat([x, looked], 1), y, keep, training)
    rate = v1.train.exponential_decay(0.1, step, 10, 0.9, staircase=True)
    average = v1.train.ExponentialMovingAverage(0.9, step)
    scope = v1.variable_scope if case == "cells" else v1.name_scope
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    with scope("train" if case in ("cells", "conv") else None), tf.control_dependencies(updates):
        optimizer = CASES[case](rate)
        pairs = optimizer.compute_gradients(loss)
        clipped, _ = tf.clip_by_global_norm([g for g, _ in pairs], 1.0)
        train = optimizer.apply_gradients(
            list(zip(clipped, [v for _, v in pairs])), global_step=step
        )
    with tf.control_dependencies([train]):
        train = average.apply(v1.trainable_variables())
    return [x, words, y, keep, training], [train, loss, step, average.average(w)], logits


def batch(number):
    """Return what is fed at a step."""
    draw = np.random.RandomState(number)
    labels = np.eye(3)[draw.randint(0, 3, 12)]
    x = draw.randn(12, 6) + labels.dot(np.arange(18).reshape(3, 6) / 9.0)
    return [x, draw.randint(0, 11, (12, 4)), labels, 1.0, True]


def steps(train, numbers):
    """Run ``train`` on batches; return the loss, an average and the step of each."""
    found = []
    for number in numbers:
        _, loss, step, mean = train(*batch(number))
        found.append([float(loss), float(mean.sum()), int(step)])
    return found


def trained(case, sess, start, out):
    """Return the curves of a case in a session."""
    v1.set_random_seed(7)
    feeds, fetches, logits = build(
        case, lambda dtype, shape, name: v1.placeholder(dtype, shape, name)
    )
    saver = v1.train.Saver(max_to_keep=None)
    curve = {"variables": [v.op.name for v in v1.global_variables()]}

    def train(*values):
        return sess.run(fetches, dict(zip(feeds, values)))

    if start is None:
        sess.run(v1.global_variables_initializer())
        saver.save(sess, os.path.join(out, case, "start"))
        first = steps(train, range(50))
        saver.save(sess, os.path.join(out, case, "half"))
        curve["all"] = first + steps(train, range(50, STEPS))
    else:
        saver.restore(sess, os.path.join(start, case, "half"))
        curve["half"] = steps(train, range(50, STEPS))
    values = [*batch(0)[:3], 1.0, False]
    curve["logits"] = sess.run(logits, dict(zip(feeds, values))).tolist()
    return curve


def in_session(out, start):
    """Train in sessions, from the beginning, or from ``start``'s checkpoints of step 50."""
    curves = {}
    for case in CASES:
        with tf.Graph().as_default(), v1.Session() as sess:
            curves[case] = trained(case, sess, start, out)
    return curves


def in_module(out, before):
    """Train in GraphModules, from the checkpoints that sessions of TensorFlow 1 wrote."""

    class Model(bridge.GraphModule):
        def __init__(self, case):
            super().__init__()
            self.build(case)

        @bridge.graph
        def build(self, case):
            feeds, fetches, logits = build(
                case,
                lambda dtype, shape, name: bridge.feed(tf.TensorSpec(shape, dtype, name=name)),
            )
            self.train = self.function(feeds, fetches)
            self.logits = self.function(feeds[:2] + feeds[3:], logits)
            self.saver = self.make_saver(max_to_keep=None)

    curves = {}
    for case in CASES:
        model = Model(case)
        curve = curves[case] = {"variables": [v.op.name for v in model.graph_variables]}
        model.saver.restore(os.path.join(before, case, "start"))
        first = steps(model.train, range(50))
        model.saver.save(os.path.join(out, case, "half"))
        curve["all"] = first + steps(model.train, range(50, STEPS))
        x, words, _ = batch(0)[:3]
        curve["logits"] = model.logits(x, words, 1.0, False).tolist()
        model.saver.restore(os.path.join(before, case, "half"))
        curve["half"] = steps(model.train, range(50, STEPS))
        model.saver.restore(os.path.join(out, case, "half"))
        curve["again"] = steps(model.train, range(50, STEPS))
    return curves


if __name__ == "__main__":
    _, kind, out, start = [*sys.argv, None][:4]
    for case in CASES:
        os.makedirs(os.path.join(out, case))
    curves = in_module(out, start) if kind == "module" else in_session(out, start)
    with open(os.path.join(out, "curves.json"), "w") as stream:
        json.dump(curves, stream)
