import sys

import numpy as np
import tensorflow as tf


class Regressor(object):
    """A linear model that keeps its own session."""

    def __init__(self, n_features, learning_rate=0.05):
        self.n_features = n_features
        start = np.linspace(-0.5, 0.5, n_features).reshape(n_features, 1)

        # what the caller feeds
        self.x = tf.placeholder(tf.float32, [None, n_features], name="x")
        self.y = tf.placeholder(tf.float32, [None, 1], name="y")
        with tf.variable_scope("linear"):
            weights = tf.get_variable("weights", initializer=start.astype(np.float32))
            bias = tf.Variable(tf.zeros([1]))  # no name of its own
        self.prediction = tf.matmul(self.x, weights) + bias
        self.loss = tf.reduce_mean(tf.square(self.prediction - self.y))
        self.global_step = tf.Variable(0, trainable=False, name="global_step")
        optimizer = tf.train.AdamOptimizer(learning_rate)
        self.train_op = optimizer.minimize(self.loss, global_step=self.global_step)

        # the session and what initializes it
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver(max_to_keep=2)

    def train(self, x, y):
        _, loss, step = self.sess.run([self.train_op, self.loss, self.global_step],
                                      feed_dict={self.x: x, self.y: y})
        return loss, step

    def predict(self, x):
        return self.sess.run(self.prediction, feed_dict={self.x: x})

    def save(self, path, step=None):
        return self.saver.save(self.sess, path, global_step=step)

    def restore(self, path):
        self.saver.restore(self.sess, path)

    def close(self):
        self.sess.close()


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    data = rng.uniform(-1, 1, (32, 3))
    target = data.sum(axis=1, keepdims=True)
    model = Regressor(3)
    for path in sys.argv[1:]:
        model.restore(path)
    for i in range(10):
        loss, step = model.train(data, target)
        print(step, loss)
        model.save("./regressor", step)
    print(model.predict(data[:2]))
    model.save("./last")
    model.close()
    print(tf.train.latest_checkpoint("."))
