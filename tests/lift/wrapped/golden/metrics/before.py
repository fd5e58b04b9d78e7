"""Streaming metrics, whose local variables are initialized with the others."""

import numpy as np
import tensorflow as tf

tf_x = tf.placeholder(tf.float32, [None, 2])
tf_y = tf.placeholder(tf.int32, [None])
output = tf.layers.dense(tf_x, 3)
loss = tf.losses.sparse_softmax_cross_entropy(labels=tf_y, logits=output)
train_op = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
# return (acc, update_op), and create 2 local variables
_, acc_op = tf.metrics.accuracy(labels=tf_y, predictions=tf.argmax(output, axis=1))

sess = tf.Session()
init_op = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())
sess.run(init_op)  # initialize var in graph

rng = np.random.RandomState(1)
for step in range(30):
    points = rng.normal(size=(12, 2))
    _, loss_, acc_ = sess.run([train_op, loss, acc_op], {tf_x: points, tf_y: rng.randint(0, 3, 12)})
    if step % 10 == 0:
        print("step:", step, "| loss: %.4f" % loss_, "| accuracy so far: %.4f" % acc_)
