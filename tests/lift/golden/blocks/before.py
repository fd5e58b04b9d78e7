"""Loops and conditions of the host build the graph."""

import numpy as np
import tensorflow as tf

REGULARIZATION = "l2"
DEPTH = 3
RATES = [1.0, 0.5]

x = tf.placeholder(tf.float32, [None, 4])
y = tf.placeholder(tf.float32, [None, 2])

with tf.name_scope("recurrent"):
    U = tf.Variable(tf.random_normal([4, 4]), name="U")
    b = tf.Variable(tf.zeros([4]), name="b")
V = tf.Variable(tf.random_normal([4, 2]), name="V")

# the same layer several times
hidden = x
for i in range(DEPTH):
    hidden = tf.tanh(tf.matmul(hidden, U) + b)  # layer i
output = tf.matmul(hidden, V)

loss = tf.reduce_mean(tf.square(output - y))
# how large the weights may get
if REGULARIZATION == "l1":
    loss += 0.01 * tf.reduce_sum(tf.abs(V))
elif REGULARIZATION == "l2":
    size = tf.reduce_sum(tf.square(V))
    for rate in RATES:
        size = size * rate + tf.reduce_sum(tf.square(U))
    loss += 0.01 * size
else:
    raise ValueError(REGULARIZATION)

train = tf.train.AdamOptimizer(0.01).minimize(loss)

data = np.random.RandomState(1).normal(size=(30, 4))
target = data[:, :2] * data[:, 2:]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(100):
        _, value = sess.run([train, loss], feed_dict={x: data, y: target})
        if step % 20 == 0:
            print(step, value)
    print(sess.run(output, {x: data[:2]}))
