"""Summaries of scalars, histograms and images, merged and written."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

logs_path = "./logs"


def variable_summaries(var):
    """Attach a lot of summaries to a Tensor (for TensorBoard visualization)."""
    with tf.name_scope("summaries"):
        mean = tf.reduce_mean(var)
        tf.compat.v1.summary.scalar("mean", mean)
        with tf.name_scope("stddev"):
            stddev = tf.sqrt(tf.reduce_mean(tf.square(var - mean)))
        tf.compat.v1.summary.scalar("stddev", stddev)
        tf.compat.v1.summary.histogram("histogram", var)


class Journal(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        with tf.name_scope("input"):
            x = tf2_bridge.feed(tf.TensorSpec([None, 16], tf.float32, name="x-input"))
            y_ = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="y-input"))

        with tf.name_scope("input_reshape"):
            image_shaped_input = tf.reshape(x, [-1, 4, 4, 1])
            tf.compat.v1.summary.image("input", image_shaped_input, 2)

        y = tf.compat.v1.layers.dense(x, 2)
        variable_summaries(y)
        for var in tf.compat.v1.trainable_variables():
            tf.compat.v1.summary.histogram(var.op.name, var)

        with tf.name_scope("cross_entropy"):
            cross_entropy = tf.compat.v1.losses.softmax_cross_entropy(onehot_labels=y_, logits=y)
        tf.compat.v1.summary.scalar("cross_entropy", cross_entropy)
        train_step = tf.compat.v1.train.AdagradOptimizer(0.1).minimize(cross_entropy)

        # Merge all the summaries and write them out
        merged = tf.compat.v1.summary.merge_all()

        self.evaluate = self.function([x, y_], [merged, cross_entropy])
        self.train_step = self.function([x, y_], [merged, train_step])


model = Journal()
model.build()

points = np.random.RandomState(0).uniform(size=(12, 16))
classes = np.eye(2)[(points.sum(axis=1) > 8).astype(int)]


def feed_dict(train):
    """Make a TensorFlow feed_dict: maps data onto Tensor placeholders."""
    if train:
        xs, ys = points[:8], classes[:8]
    else:
        xs, ys = points[8:], classes[8:]
    return (xs, ys)


train_writer = tf.summary.create_file_writer(logs_path + "/train")
test_writer = tf.summary.create_file_writer(logs_path + "/test")

for i in range(10):
    if i % 5 == 0:  # Record summaries and test-set accuracy
        summary, loss = model.evaluate(*feed_dict(False))
        with test_writer.as_default():
            tf.summary.experimental.write_raw_pb(summary, step=i)
        print("Loss at step %s: %s" % (i, loss))
    else:  # Record train set summaries, and train
        summary, _ = model.train_step(*feed_dict(True))
        with train_writer.as_default():
            tf.summary.experimental.write_raw_pb(summary, step=i)
train_writer.close()
test_writer.close()
