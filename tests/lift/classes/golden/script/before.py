"""A script that runs the parts of a model itself, in the session that it gives to the model."""

import numpy as np
import tensorflow as tf


class Model:
    def __init__(self, sess, size, name="model"):
        self.sess = sess
        self.name = name
        self._build(size)

    def _build(self, size):
        with tf.variable_scope(self.name):
            self.x = tf.placeholder(tf.float32, [None, size])
            self.y = tf.placeholder(tf.float32, [None])
            w = tf.get_variable("w", [size, 1], initializer=tf.ones_initializer())
            self.out = tf.squeeze(tf.matmul(self.x, w), 1)
        self.loss = tf.reduce_mean(tf.square(self.out - self.y))
        self.train_op = tf.train.FtrlOptimizer(0.3).minimize(self.loss)

    def predict(self, x):
        return self.sess.run(self.out, feed_dict={self.x: x})


x = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
y = np.array([1.0, 0.0, 1.0])

with tf.Session() as sess:
    model = Model(sess, size=2)
    # Initialize all variables
    sess.run(tf.global_variables_initializer())

    for step in range(4):
        _, loss = sess.run([model.train_op, model.loss], feed_dict={model.x: x, model.y: y})
        print(step, loss)
    print(model.loss.eval({model.x: x, model.y: y}))

    # how often it is right
    correct = tf.equal(tf.cast(model.predict(x) > 0.5, tf.int32), tf.cast(y > 0.5, tf.int32))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    print('Accuracy:', sess.run(accuracy))
