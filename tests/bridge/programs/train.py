"""Train a small model and save it, as a program of TensorFlow 1 does."""

import sys

import tensorflow as tf


def net(x, scope="net"):
    """Return the outputs of a layer."""
    with tf.variable_scope(scope):
        w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(0.5))
        b = tf.get_variable("b", [2], initializer=tf.zeros_initializer())
        return tf.matmul(x, w) + b


def main(folder):
    """Save the model after five steps."""
    x = tf.constant([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
    loss = tf.reduce_mean(tf.square(net(x) - 1.0))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(5):
            sess.run(train)
        print("loss", round(float(sess.run(loss)), 5))
        print(saver.save(sess, folder + "/model", global_step=step).split("/")[-1])


if __name__ == "__main__":
    main(sys.argv[1])
