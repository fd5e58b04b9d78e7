import os

import tensorflow as tf


class Base(object):
    """Subclasses build their graph, then call ``start``."""

    def __init__(self, folder):
        self.folder = folder
        self.sess = None
        self.saver = None

    def start(self):
        """Open the session."""
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver(max_to_keep=2)

    def save(self, step):
        if not os.path.isdir(self.folder):
            os.makedirs(self.folder)
        return self.saver.save(self.sess, os.path.join(self.folder, "model"), global_step=step)

    def close(self):
        self.sess.close()
