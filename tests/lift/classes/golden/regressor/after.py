import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


class Regressor(tf2_bridge.GraphModule):
    """A linear model that keeps its own session."""

    def __init__(self, n_features, learning_rate=0.05):
        super().__init__()
        self.n_features = n_features
        start = np.linspace(-0.5, 0.5, n_features).reshape(n_features, 1)

        self.build(n_features, start, learning_rate)

        self.saver = self.make_saver(max_to_keep=2)

    @tf2_bridge.graph
    def build(self, n_features, start, learning_rate):
        # what the caller feeds
        self.x = tf2_bridge.feed(tf.TensorSpec([None, n_features], tf.float32, name="x"))
        self.y = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="y"))
        with tf.compat.v1.variable_scope("linear"):
            weights = tf.compat.v1.get_variable("weights", initializer=start.astype(np.float32))
            bias = tf.Variable(tf.zeros([1]))  # no name of its own
        self.prediction = tf.matmul(self.x, weights) + bias
        self.loss = tf.reduce_mean(tf.square(self.prediction - self.y))
        self.global_step = tf.Variable(0, trainable=False, name="global_step")
        optimizer = tf.compat.v1.train.AdamOptimizer(learning_rate)
        self.train_op = optimizer.minimize(self.loss, global_step=self.global_step)

        self._train = self.function(
            [self.x, self.y], [self.train_op, self.loss, self.global_step]
        )
        self._predict = self.function([self.x], self.prediction)

    def train(self, x, y):
        _, loss, step = self._train(x, y)
        return loss, step

    def predict(self, x):
        return self._predict(x)

    def save(self, path, step=None):
        return self.saver.save(path, global_step=step)

    def restore(self, path):
        self.saver.restore(path)

    def close(self):
        pass


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
