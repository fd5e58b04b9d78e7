import sys

import numpy as np
import tensorflow as tf

# the network of the training script, without its optimizer
n_input = 5
x = tf.placeholder(tf.float32, [None, n_input])
h1 = tf.Variable(tf.zeros([n_input, 8]), name="Variable")
out = tf.Variable(tf.zeros([8, 1]), name="Variable_1")
b1 = tf.Variable(tf.zeros([8]), name="Variable_2")
b_out = tf.Variable(tf.zeros([1]), name="Variable_3")
hidden = tf.nn.relu(tf.matmul(x, h1) + b1)
pred = tf.matmul(hidden, out) + b_out

saver = tf.train.Saver()
with tf.Session() as sess:
    for path in sys.argv[1:]:
        saver.restore(sess, path)
        print(sess.run(pred, feed_dict={x: np.ones((2, n_input))}).tolist())
        print(sess.run(tf.reduce_sum(h1)))
