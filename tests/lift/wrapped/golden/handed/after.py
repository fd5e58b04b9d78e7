"""A main function that hands its session, its graph and its writer to others."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Model:
    """A linear model."""

    def __init__(self, width):
        self.inputs = tf2_bridge.feed(tf.TensorSpec([None, width], tf.float32, name="inputs"))
        self.targets = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="targets"))
        self.outputs = tf.compat.v1.layers.dense(self.inputs, 1)
        self.loss = tf.compat.v1.losses.mean_squared_error(self.targets, self.outputs)
        tf.compat.v1.summary.scalar("loss", self.loss)


def run_epoch(model, data, writer, step=0):
    """Run one epoch, and return its loss."""
    points, targets = data
    feed = (points, targets)
    loss, told, _ = model.train_op(*feed)
    with writer.as_default():
        tf.summary.experimental.write_raw_pb(told, step=step)
    return loss


def evaluate(model, fed):
    return model.outputs(*fed)


def save(model, path):
    print("saved in", model.saver.save(path))


class Handed(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        net = Model(3)
        train_op = tf.compat.v1.train.MomentumOptimizer(0.05, 0.9).minimize(net.loss)
        saver = self.make_saver()
        summary = tf.compat.v1.summary.merge_all()

        self.train_op = self.function(
            [net.inputs, net.targets], [net.loss, summary, train_op]
        )
        self.outputs = self.function([net.inputs], net.outputs)
        self.saver = saver


def main():
    rng = np.random.RandomState(4)
    data = rng.normal(size=(10, 3)), rng.normal(size=(10, 1))
    model = Handed()
    model.build()
    writer = tf.summary.create_file_writer("./logs")
    for i in range(5):
        loss = run_epoch(model, data, writer, step=i)
        print("epoch", i, "loss", loss)
    fed = (data[0][:2],)
    print(evaluate(model, fed).tolist())
    save(model, "./model")
    writer.close()


if __name__ == "__main__":
    main()
