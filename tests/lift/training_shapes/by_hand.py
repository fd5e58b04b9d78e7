import numpy as np
import tensorflow as tf

rng = np.random.RandomState(33)
data = rng.normal(size=(60, 4))
target = data.dot([[1.0], [-2.0], [0.5], [0.0]]) + 0.3

x = tf.placeholder(tf.float32, [None, 4])
y = tf.placeholder(tf.float32, [None, 1])
w = tf.Variable(tf.zeros([4, 1]), name="w")
b = tf.Variable(tf.zeros([1]), name="b")
error = tf.matmul(x, w) + b - y
mse = tf.reduce_mean(tf.square(error), name="mse")
gradient = 2.0 / 60 * tf.matmul(tf.transpose(x), error)
update_w = tf.assign(w, w - 0.05 * gradient)
update_b = b.assign_sub([0.01])

curve = []
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(100):
        curve.append(mse.eval(feed_dict={x: data, y: target}))
        new_w = sess.run(update_w, {x: data, y: target})
        if step % 10 == 0:
            sess.run(update_b)
    answer = error.eval({x: data, y: target})
    np.savez("arrays.npz", curve=curve, answer=answer, kernel=w.eval(), new=new_w, b=sess.run(b))
