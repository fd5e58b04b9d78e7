"""Fetches of structures, and variables that start from others."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])

w = tf.Variable(tf.random_normal([3, 1]), name="w")
# starts where w does, and stays there
first = tf.Variable(w.initialized_value() * 1.0, trainable=False, name="first")
moved = tf.Variable(tf.zeros_like(w), trainable=False, name="moved")

output = tf.matmul(x, w)
error = output - y
loss = tf.reduce_mean(tf.square(error))
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
note = moved.assign(tf.reduce_sum(x) * tf.ones_like(w))

# all that is told of a batch
report = {"loss": loss, "errors": [tf.reduce_max(error), tf.reduce_min(error)]}
extremes = [tf.reduce_max(output), tf.reduce_min(output)]

data = np.random.RandomState(1).normal(size=(20, 3))
target = data.sum(axis=1, keepdims=True)

with tf.Session() as sess:
    sess.run(w.initializer)
    sess.run(tf.global_variables_initializer())
    for i in range(30):
        _, told = sess.run([train, report], {x: data, y: target})
        if i % 10 == 0:
            print(i, told["loss"], *told["errors"])
    high, low = sess.run(extremes, {x: data})
    print(high, low)
    ends, cost = sess.run([extremes, loss], {x: data, y: target})
    print(*ends, cost)
    pair, value = sess.run([[output, error], loss], {x: data[:1], y: target[:1]})
    print(*pair, value)
    sess.run(note, {x: data})
    print(sess.run(w), sess.run(moved))
    print(np.abs(sess.run(first)).max() < 5)
