"""A script that runs the parts of a model itself, in the session that it gives to the model."""

import numpy as np
import tensorflow as tf
import tf2_bridge


class Model(tf2_bridge.GraphModule):
    def __init__(self, size, name="model"):
        super().__init__()
        self.name = name
        self._build(size)

    @tf2_bridge.graph
    def _build(self, size):
        with tf.compat.v1.variable_scope(self.name):
            self.x = tf2_bridge.feed(tf.TensorSpec([None, size], tf.float32))
            self.y = tf2_bridge.feed(tf.TensorSpec([None], tf.float32))
            w = tf.compat.v1.get_variable("w", [size, 1], initializer=tf.compat.v1.ones_initializer())
            self.out = tf.squeeze(tf.matmul(self.x, w), 1)
        self.loss = tf.reduce_mean(tf.square(self.out - self.y))
        self.train_op = tf.compat.v1.train.FtrlOptimizer(0.3).minimize(self.loss)

        self._predict = self.function([self.x], self.out)
        self.train_step = self.function([self.x, self.y], [self.train_op, self.loss])
        self.compute_loss = self.function([self.x, self.y], self.loss)

    def predict(self, x):
        return self._predict(x)


x = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
y = np.array([1.0, 0.0, 1.0])

model = Model(size=2)

for step in range(4):
    _, loss = model.train_step(x, y)
    print(step, loss)
print(model.compute_loss(x, y))

# how often it is right
correct = tf.equal(tf.cast(model.predict(x) > 0.5, tf.int32), tf.cast(y > 0.5, tf.int32))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
print('Accuracy:', accuracy.numpy())
