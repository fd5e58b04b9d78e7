"""Moving averages of weights, evaluated in a session of their own."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")
w = tf.get_variable("w", [3, 1], initializer=tf.zeros_initializer())
b = tf.get_variable("b", [1], initializer=tf.constant_initializer(0.5))
prediction = tf.matmul(x, w) + b
loss = tf.reduce_mean(tf.square(prediction - y))
step = tf.train.get_or_create_global_step()
opt_op = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)

# Maintain averages of the weights
ema = tf.train.ExponentialMovingAverage(decay=0.9, num_updates=step)
with tf.control_dependencies([opt_op]):
    train_op = ema.apply(tf.trainable_variables())
saver = tf.train.Saver(max_to_keep=2)
restorer = tf.train.Saver(ema.variables_to_restore())

points = np.random.RandomState(2).normal(size=(20, 3))
targets = points.sum(axis=1, keepdims=True)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(30):
        _, value = sess.run((train_op, loss), feed_dict={x: points, y: targets})
        if i % 10 == 0:
            print("loss", value)
            saver.save(sess, "./averages", global_step=step)
    print("trained", sess.run([w, b]))
    path = saver.save(sess, "./averages", global_step=step)

# Evaluate with the averages
with tf.Session() as sess:
    restorer.restore(sess, path)
    print("averaged", sess.run([w, b]))
    print("loss", sess.run(loss, {x: points, y: targets}))
