"""Train in one function and evaluate in another, each with a graph of its own."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

folder = "./checkpoints"
points = np.random.RandomState(8).uniform(size=(12, 4))
labels = (points.sum(axis=1) > 2).astype(np.int64)


def inference(features, is_training=True):
    """Build the network."""
    with tf.compat.v1.variable_scope("hidden", reuse=tf.compat.v1.AUTO_REUSE):
        hidden = tf.compat.v1.layers.dense(features, 5, tf.nn.relu)
        if is_training:
            hidden = tf.nn.dropout(hidden, rate=1 - 1.0)
    return tf.compat.v1.layers.dense(hidden, 2, name="logits")


class TrainGraph(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        features = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32))
        targets = tf2_bridge.feed(tf.TensorSpec([None], tf.int64))
        global_step = tf.compat.v1.train.get_or_create_global_step()
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(targets, inference(features))
        train_op = tf.compat.v1.train.AdagradOptimizer(0.2).minimize(loss, global_step=global_step)
        saver = self.make_saver()

        self.train_op = self.function([features, targets], [train_op, loss])
        self.saver = saver
        self.global_step = global_step


def train(steps):
    model = TrainGraph()
    model.build()
    # Start from the newest checkpoint, if there is one
    latest = tf.train.latest_checkpoint(folder)
    if latest:
        model.saver.restore(latest)
    else:
        model.initialize()
    for _ in range(steps):
        _, value = model.train_op(points, labels)
    model.saver.save(os.path.join(folder, "model"), global_step=model.global_step)
    print("step", int(model.global_step.numpy()), "loss", value)


class EvaluateGraph(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        features = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32))
        logits = inference(features, is_training=False)
        saver = self.make_saver()

        self.logits = self.function([features], logits)
        self.saver = saver


def evaluate():
    """Evaluate the newest checkpoint."""
    model = EvaluateGraph()
    model.build()
    model.saver.restore(tf.train.latest_checkpoint(folder))
    predicted = model.logits(points)
    print("accuracy", np.mean(predicted.argmax(axis=1) == labels))
    return predicted


if __name__ == "__main__":
    train(10)
    train(20)
    print(evaluate()[0])
