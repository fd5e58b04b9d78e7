import tensorflow as tf


class Model(object):
    saver_class = tf.train.Saver

    def __init__(self, saver=None):
        self.saver = tf.train.Saver(max_to_keep=2)
        self.savers = [tf.train.Saver(), tf.train.Saver(self.vs)]

    def save(self, sess, path):
        self.saver.save(sess, path, global_step=self.step)

    def load(self, sess):
        if tf.train.latest_checkpoint("m"):
            self.saver.restore(sess, tf.train.latest_checkpoint("m"))
        for i in range(3):
            try:
                self.saver.save(sess, "x", write_meta_graph=False)
            except Exception:
                tf.train.Saver().restore(sess, "y")


def make():
    return tf.train.Saver()


saver = None
make_saver = lambda: tf.train.Saver()
with tf.Session() as sess:
    fit(sess, saver=tf.train.Saver(max_to_keep=1))
    if isinstance(saver, tf.train.Saver):
        pass
    saver = tf.train.Saver() if x else None
    print(f"{tf.train.Saver().save(sess, 'x')}")
