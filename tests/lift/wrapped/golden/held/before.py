"""A model that keeps its Saver, and a script that runs it."""
import numpy as np
import tensorflow as tf


class Autoencoder(object):

    def __init__(self, n, code):
        rng = np.random.RandomState(77)
        self.x = tf.placeholder(tf.float32, [None, n])
        self.W = tf.Variable(rng.uniform(-.3, .3, (n, code)).astype(np.float32), name='W')
        self.b = tf.Variable(tf.zeros([code]), name='b')
        self.code = tf.nn.sigmoid(tf.matmul(self.x, self.W) + self.b)
        # tied weights
        self.out = tf.nn.sigmoid(tf.matmul(self.code, self.W, transpose_b=True))
        self.loss = tf.reduce_mean(tf.square(self.x - self.out))
        self.train = tf.train.RMSPropOptimizer(0.01, momentum=0.5).minimize(self.loss)
        self.saver = tf.train.Saver(max_to_keep=2, name='saver')
        self.weights = tf.train.Saver([self.W, self.b])


ae = Autoencoder(8, 3)
x = np.random.RandomState(5).randint(0, 2, (16, 8))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(4):
        sess.run(ae.train, feed_dict={ae.x: x})
        path = ae.saver.save(sess, './ae', global_step=step)
    ae.weights.save(sess, './weights')
    before = sess.run(ae.loss, {ae.x: x})

    # some more rounds, then back to what was saved
    sess.run(ae.train, feed_dict={ae.x: x})
    sess.run(ae.train, feed_dict={ae.x: x})
    print(sess.run(ae.loss, {ae.x: x}))
    ae.weights.restore(sess, './weights')
    print(before, sess.run(ae.loss, {ae.x: x}))
    sess.run(ae.train, feed_dict={ae.x: x})
    print(sess.run(ae.loss, {ae.x: x}))
    ae.saver.restore(sess, path)
    print(path, sess.run(ae.loss, {ae.x: x}))
    sess.run(ae.train, feed_dict={ae.x: x})
    print(sess.run(ae.code, {ae.x: x[:2]}))
