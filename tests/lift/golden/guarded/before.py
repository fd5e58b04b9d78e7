"""Two graphs under a main guard."""

import numpy as np
import tensorflow as tf

STEPS = 5


def double(t):
    return t * 2.0


if __name__ == "__main__":
    # the first
    data = np.ones((2, 2))
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.Variable(tf.zeros([2, 1]), name="w")
    y = double(tf.matmul(x, w))
    loss = tf.reduce_mean(tf.square(y - 1.0))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(STEPS):
            _, value = sess.run([train, loss], {x: data})
            print(i, value)

    # the second
    tf.reset_default_graph()
    k = 3
    x = tf.placeholder(tf.float32, [None, k])
    w = tf.Variable(tf.ones([k, 1]), name="w")
    y = double(tf.matmul(x, w))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        print(sess.run(y, {x: np.ones((1, 3))}))
