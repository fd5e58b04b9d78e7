"""Trains with moving averages of the weights."""
import os

import tensorflow as tf

import net

FOLDER = "out"


def main():
    if not tf.gfile.Exists(FOLDER):
        tf.gfile.MakeDirs(FOLDER)
    x = tf.placeholder(tf.float32, [None, 5])
    y = tf.placeholder(tf.float32, [None, 1])
    loss = tf.reduce_mean(tf.square(net.inference(x) - y))
    step = tf.train.get_or_create_global_step()
    minimize = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=step)

    # the averages follow every step
    averages = tf.train.ExponentialMovingAverage(net.DECAY, step)
    with tf.control_dependencies([minimize]):
        train_op = averages.apply(tf.trainable_variables())

    saver = tf.train.Saver(max_to_keep=2)
    inputs, targets = net.data(40, 1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(20):
            _, value = sess.run([train_op, loss], {x: inputs, y: targets})
            if i % 10 == 9:
                print("loss %d: %.6f" % (i, value))
                saver.save(sess, os.path.join(FOLDER, "net"), global_step=i)


if __name__ == "__main__":
    main()
