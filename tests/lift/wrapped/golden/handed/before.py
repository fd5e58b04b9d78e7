"""A main function that hands its session, its graph and its writer to others."""

import numpy as np
import tensorflow as tf


class Model:
    """A linear model."""

    def __init__(self, width):
        self.inputs = tf.placeholder(tf.float32, [None, width], name="inputs")
        self.targets = tf.placeholder(tf.float32, [None, 1], name="targets")
        self.outputs = tf.layers.dense(self.inputs, 1)
        self.loss = tf.losses.mean_squared_error(self.targets, self.outputs)
        tf.summary.scalar("loss", self.loss)


def run_epoch(session, model, train_op, data, writer, step=0):
    """Run one epoch, and return its loss."""
    points, targets = data
    feed = {model.inputs: points, model.targets: targets}
    summary = tf.summary.merge_all()
    loss, told, _ = session.run([model.loss, summary, train_op], feed_dict=feed)
    writer.add_summary(told, step)
    return loss


def evaluate(sess, outputs, fed):
    return sess.run(outputs, feed_dict=fed)


def save(sess, saver, path):
    print("saved in", saver.save(sess, path))


def main():
    rng = np.random.RandomState(4)
    data = rng.normal(size=(10, 3)), rng.normal(size=(10, 1))
    net = Model(3)
    train_op = tf.train.MomentumOptimizer(0.05, 0.9).minimize(net.loss)
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter("./logs")
        for i in range(5):
            loss = run_epoch(sess, net, train_op, data, writer, step=i)
            print("epoch", i, "loss", loss)
        fed = {net.inputs: data[0][:2]}
        print(evaluate(sess, net.outputs, fed).tolist())
        save(sess, saver, "./model")
        writer.close()


if __name__ == "__main__":
    main()
