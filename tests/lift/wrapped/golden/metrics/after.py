"""Streaming metrics, whose local variables are initialized with the others."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Metrics(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        tf_x = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32))
        tf_y = tf2_bridge.feed(tf.TensorSpec([None], tf.int32))
        output = tf.compat.v1.layers.dense(tf_x, 3)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels=tf_y, logits=output)
        train_op = tf.compat.v1.train.GradientDescentOptimizer(0.5).minimize(loss)
        # return (acc, update_op), and create 2 local variables
        _, acc_op = tf.compat.v1.metrics.accuracy(
            labels=tf_y, predictions=tf.argmax(output, axis=1)
        )

        self.train_op = self.function([tf_x, tf_y], [train_op, loss, acc_op])


# initialize var in graph
model = Metrics()
model.build()

rng = np.random.RandomState(1)
for step in range(30):
    points = rng.normal(size=(12, 2))
    _, loss_, acc_ = model.train_op(points, rng.randint(0, 3, 12))
    if step % 10 == 0:
        print("step:", step, "| loss: %.4f" % loss_, "| accuracy so far: %.4f" % acc_)
