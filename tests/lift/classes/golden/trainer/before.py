"""A model whose methods are handed the session; the best weights are kept beside the last."""
import os

import numpy as np
import tensorflow as tf


class Trainer:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.build()
        # two savers, else the best one is deleted with the old ones
        self.saver = tf.train.Saver(max_to_keep=2)
        self.best_saver = tf.train.Saver(max_to_keep=1)

    def build(self):
        rng = np.random.RandomState(55)
        self.x = tf.placeholder(tf.float32, [None, 3])
        self.y = tf.placeholder(tf.float32, [None])
        self.w = tf.Variable(rng.randn(3, 1).astype(np.float32), name="w")
        self.loss = tf.losses.huber_loss(self.y, tf.squeeze(tf.matmul(self.x, self.w), 1))
        self.lr = tf.placeholder(tf.float32, [])
        self.op = tf.train.MomentumOptimizer(self.lr, 0.9, use_nesterov=True).minimize(self.loss)

    def evaluate(self, sess, x, y):
        return sess.run(self.loss, feed_dict={self.x: x, self.y: y})

    def fit(self, sess, x, y, rates):
        best = 1e9
        for epoch, rate in enumerate(rates):
            sess.run(self.op, feed_dict={self.x: x, self.y: y, self.lr: rate})
            loss = self.evaluate(sess, x, y)
            print(epoch, loss)
            self.saver.save(sess, os.path.join(self.folder, "last"), global_step=epoch)
            if loss < best:
                best = loss
                self.best_saver.save(
                    sess, os.path.join(self.folder, "best"), epoch, latest_filename="best_state"
                )
        return best


x = np.random.RandomState(2).uniform(-1, 1, (20, 3))
y = x[:, 0] - np.abs(x[:, 1])
trainer = Trainer("kept")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    # the last rates are too big on purpose
    print(trainer.fit(sess, x, y, [0.1, 0.1, 0.1, 3.0, 3.0]))
with tf.Session() as sess:
    trainer.best_saver.restore(sess, tf.train.latest_checkpoint("kept", "best_state"))
    print(trainer.evaluate(sess, x, y))
print(sorted(name for name in os.listdir("kept") if name.endswith(".index")))
