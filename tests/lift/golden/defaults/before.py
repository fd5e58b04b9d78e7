"""Placeholders that have a default."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")
# off unless it is fed
is_training = tf.placeholder_with_default(False, shape=(), name="is_training")
# how much of the noise is left
noise = tf.placeholder_with_default(tf.constant(0.0), [], name="noise")
learning_rate = tf.placeholder_with_default(0.1, shape=[])

w = tf.Variable(tf.random_normal([3, 1]), name="w")
scale = 1.0 - 0.5 * tf.cast(is_training, tf.float32)
output = tf.matmul(x, w) * scale + noise
loss = tf.reduce_mean(tf.square(output - y)) * learning_rate
train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)

data = np.random.RandomState(1).normal(size=(20, 3))
target = data.sum(axis=1, keepdims=True)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(50):
        feed = {x: data, y: target, is_training: True}
        sess.run(train, feed_dict=feed)
        if i % 10 == 0:
            print(i, sess.run(loss, {x: data, y: target, learning_rate: 1.0}))
            cost, _ = sess.run([loss, output], {x: data, y: target})
            print(cost)
    sess.run(train, {x: data, y: target, is_training: True, learning_rate: 0.01})
    print(sess.run(output, {x: data[:2]}))
    print(sess.run(output, {x: data[:2], noise: 1.0}))
    tf.saved_model.simple_save(sess, "exported", {"x": x, "noise": noise}, {"output": output})
