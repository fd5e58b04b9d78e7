"""Summaries of scalars, histograms and images, merged and written."""

import numpy as np
import tensorflow as tf

logs_path = "./logs"

with tf.name_scope("input"):
    x = tf.placeholder(tf.float32, [None, 16], name="x-input")
    y_ = tf.placeholder(tf.float32, [None, 2], name="y-input")

with tf.name_scope("input_reshape"):
    image_shaped_input = tf.reshape(x, [-1, 4, 4, 1])
    tf.summary.image("input", image_shaped_input, 2)


def variable_summaries(var):
    """Attach a lot of summaries to a Tensor (for TensorBoard visualization)."""
    with tf.name_scope("summaries"):
        mean = tf.reduce_mean(var)
        tf.summary.scalar("mean", mean)
        with tf.name_scope("stddev"):
            stddev = tf.sqrt(tf.reduce_mean(tf.square(var - mean)))
        tf.summary.scalar("stddev", stddev)
        tf.summary.histogram("histogram", var)


y = tf.layers.dense(x, 2)
variable_summaries(y)
for var in tf.trainable_variables():
    tf.summary.histogram(var.op.name, var)

with tf.name_scope("cross_entropy"):
    cross_entropy = tf.losses.softmax_cross_entropy(onehot_labels=y_, logits=y)
tf.summary.scalar("cross_entropy", cross_entropy)
train_step = tf.train.AdagradOptimizer(0.1).minimize(cross_entropy)

# Merge all the summaries and write them out
merged = tf.summary.merge_all()

points = np.random.RandomState(0).uniform(size=(12, 16))
classes = np.eye(2)[(points.sum(axis=1) > 8).astype(int)]


def feed_dict(train):
    """Make a TensorFlow feed_dict: maps data onto Tensor placeholders."""
    if train:
        xs, ys = points[:8], classes[:8]
    else:
        xs, ys = points[8:], classes[8:]
    return {x: xs, y_: ys}


with tf.Session() as sess:
    train_writer = tf.summary.FileWriter(logs_path + "/train", sess.graph)
    test_writer = tf.summary.FileWriter(logs_path + "/test")
    sess.run(tf.global_variables_initializer())

    for i in range(10):
        if i % 5 == 0:  # Record summaries and test-set accuracy
            summary, loss = sess.run([merged, cross_entropy], feed_dict=feed_dict(False))
            test_writer.add_summary(summary, i)
            print("Loss at step %s: %s" % (i, loss))
        else:  # Record train set summaries, and train
            summary, _ = sess.run([merged, train_step], feed_dict=feed_dict(True))
            train_writer.add_summary(summary, i)
    train_writer.close()
    test_writer.close()
