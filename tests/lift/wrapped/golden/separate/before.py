"""Train in one function and evaluate in another, each with a graph of its own."""

import os

import numpy as np
import tensorflow as tf

folder = "./checkpoints"
points = np.random.RandomState(8).uniform(size=(12, 4))
labels = (points.sum(axis=1) > 2).astype(np.int64)


def inference(features, is_training=True):
    """Build the network."""
    with tf.variable_scope("hidden", reuse=tf.AUTO_REUSE):
        hidden = tf.layers.dense(features, 5, tf.nn.relu)
        if is_training:
            hidden = tf.nn.dropout(hidden, keep_prob=1.0)
    return tf.layers.dense(hidden, 2, name="logits")


def train(steps):
    with tf.Graph().as_default():
        features = tf.placeholder(tf.float32, [None, 4])
        targets = tf.placeholder(tf.int64, [None])
        global_step = tf.train.get_or_create_global_step()
        loss = tf.losses.sparse_softmax_cross_entropy(targets, inference(features))
        train_op = tf.train.AdagradOptimizer(0.2).minimize(loss, global_step=global_step)
        saver = tf.train.Saver()
        with tf.Session() as sess:
            # Start from the newest checkpoint, if there is one
            latest = tf.train.latest_checkpoint(folder)
            if latest:
                saver.restore(sess, latest)
            else:
                sess.run(tf.global_variables_initializer())
            for _ in range(steps):
                _, value = sess.run([train_op, loss], {features: points, targets: labels})
            saver.save(sess, os.path.join(folder, "model"), global_step=global_step)
            print("step", tf.train.global_step(sess, global_step), "loss", value)


def evaluate():
    """Evaluate the newest checkpoint."""
    with tf.Graph().as_default():
        features = tf.placeholder(tf.float32, [None, 4])
        logits = inference(features, is_training=False)
        saver = tf.train.Saver()
        with tf.Session() as sess:
            saver.restore(sess, tf.train.latest_checkpoint(folder))
            predicted = sess.run(logits, feed_dict={features: points})
            print("accuracy", np.mean(predicted.argmax(axis=1) == labels))
            return predicted


if __name__ == "__main__":
    train(10)
    train(20)
    print(evaluate()[0])
