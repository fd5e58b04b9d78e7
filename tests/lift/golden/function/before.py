import os
import numpy as np
import tensorflow as tf

N = 4


def fit(folder):
    """Fit and save."""
    x = tf.placeholder(tf.float32, [None, N])
    y = tf.placeholder(tf.float32, [None])
    # the weights
    w = tf.Variable(tf.zeros([N]), name="w")
    out = tf.reduce_sum(x * w, axis=1)
    loss = tf.reduce_mean(tf.square(out - y))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    saver = tf.train.Saver()
    data = np.random.RandomState(0).normal(size=(20, N))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(10):
            _, value = sess.run([train, loss], {x: data, y: data[:, 0]})
            print("loss %r" % float(value))
        saver.save(sess, os.path.join(folder, "model"), global_step=10)
        return sess.run(w)


if __name__ == "__main__":
    os.makedirs("out")
    print(fit("out").tolist())
