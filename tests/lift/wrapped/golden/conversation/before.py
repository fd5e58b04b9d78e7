"""A session that is handed to functions, starts again, and is asked for this and that."""

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
tf.app.flags.DEFINE_float("rate", 0.1, "Learning rate.")

inputs = sum([2, 1])  # how many
with tf.name_scope("inputs"):
    width = 2
    x = tf.placeholder(tf.float32, [None, inputs], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
w = tf.get_variable("w", [inputs, width], initializer=tf.ones_initializer())
v = tf.get_variable("v", [width, 1], initializer=tf.constant_initializer(0.1))
best = tf.Variable(100.0, name="best", trainable=False)

total = 0
for part in (w, v):
    total += tf.nn.l2_loss(part)
prediction = tf.matmul(tf.matmul(x, w), v)
sum = tf.reduce_mean(tf.square(prediction - y)) + 0.001 * total
rate = tf.placeholder_with_default(FLAGS.rate, [], name="rate")
train = tf.train.GradientDescentOptimizer(rate).minimize(sum)
print("the prediction is", prediction.get_shape(), "of", x.name)

points = np.random.RandomState(0).normal(size=(6, 3))
targets = points[:, :1]


def epoch(sess, feed, count):
    """Train, and return the loss."""
    for _ in range(count):
        sess.run(train, feed_dict={x: feed, y: targets})
    return sess.run(sum, feed_dict={x: feed, y: targets})


def show(session, text):
    print(text, session.run({"w": w, "v": v})["v"].tolist(), best.eval(session=session))


init = tf.global_variables_initializer()
with tf.Session() as sess:
    for run in range(2):
        # from the start
        sess.run(init)
        show(sess, "run %d" % run)
        loss = epoch(sess, points, count=5)
        residual = tf.abs(prediction - y)
        print(loss, sess.run(tf.reduce_max(residual), {x: points, y: targets}))
        if loss < sess.run(best):
            sess.run(best.assign(loss))
        sess.run(train, {x: points, y: targets, rate: 0.5})
        print(sess.run(tf.assign_add(best, 1.0)), sess.run(tf.square(np.float32(run))))
    largest = tf.argmax(prediction, 0)
    print("largest", sess.run(largest, {x: points}), "width", width, prediction.shape[1])
    # slower, for the rest
    slow = {x: points, y: targets, rate: 0.01}
    _, (a, b) = sess.run([train, (sum, prediction)], slow)
    print(a, b.shape, sess.run(sum, feed_dict=slow))
