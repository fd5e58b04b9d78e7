"""What is fed is computed where it is fed, by another run or by calls in the order written."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
shift = tf.placeholder(tf.float32, [], name="shift")
step = tf.Variable(0, trainable=False, name="step")
weights = tf.Variable(tf.zeros([3, 2]), name="weights")
scores = tf.matmul(x, weights)
best = tf.reduce_max(scores)
moved = tf.reduce_sum(scores) + shift
advance = step.assign_add(1)
saver = tf.train.Saver()

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    rows = np.arange(6.0).reshape(2, 3)
    # the larger of two rows, looked at again
    print(best.eval({x: [rows[int(sess.run(best, {x: rows[:1]}) > 0)]]}))
    print(sess.run(scores, feed_dict={x: sess.run(tf.transpose(weights))}))
    for _ in range(2):
        sess.run(advance)
        sess.run(weights.assign(sess.run(weights) * 2))
    drawn = iter(range(10))
    print(sess.run(moved, {shift: next(drawn), x: [[next(drawn)] * 3]}))
    print(sess.run(moved, {x: [[next(drawn)] * 3], shift: next(drawn)}))
    total, kept = sess.run([best, weights], {x: [sess.run(weights)[:, 0]]})
    print(total, kept)
    print("saved as", saver.save(sess, "./nested", global_step=sess.run(step)))
