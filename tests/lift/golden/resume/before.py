import os
import sys

import numpy as np
import tensorflow as tf


def main(path):
    # the model that the other script began to train
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 2])
    weights = tf.Variable(tf.zeros([4, 2]), name="weights")
    biases = tf.Variable(tf.zeros([2]), name="biases")
    logits = tf.matmul(x, weights) + biases
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
    loss = tf.reduce_mean(losses)
    train_op = tf.train.AdamOptimizer(0.01).minimize(loss)

    data = np.random.RandomState(6).normal(size=(40, 4))
    target = np.eye(2)[(data.sum(axis=1) > 0).astype(int)]

    saver = tf.train.Saver(tf.global_variables(), max_to_keep=2)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        if os.path.exists(path + ".index"):
            # go on where the other script stopped
            saver.restore(sess, path)
        for step in range(40):
            value, _ = sess.run([loss, train_op], {x: data, y: target})
            if step % 10 == 9:
                print(step, value)
                saver.save(sess, os.path.join("resumed", "model"), global_step=step)
    print(tf.train.latest_checkpoint("resumed"))


if __name__ == "__main__":
    main(sys.argv[1])
