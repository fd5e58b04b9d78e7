import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


class Model(object):
    saver_class = tf.train.Saver

    def __init__(self, saver=None):
        self.saver = tf2_bridge.Saver(max_to_keep=2)
        self.savers = [tf2_bridge.Saver(), tf2_bridge.Saver(self.vs)]

    def save(self, sess, path):
        self.saver.save(sess, path, global_step=self.step)

    def load(self, sess):
        if tf.train.latest_checkpoint("m"):
            self.saver.restore(sess, tf.train.latest_checkpoint("m"))
        for i in range(3):
            try:
                self.saver.save(sess, "x", write_meta_graph=False)
            except Exception:
                tf2_bridge.Saver().restore(sess, "y")


def make():
    return tf2_bridge.Saver()


saver = None
make_saver = lambda: tf2_bridge.Saver()
with tf.Session() as sess:
    fit(sess, saver=tf2_bridge.Saver(max_to_keep=1))
    if isinstance(saver, tf.train.Saver):
        pass
    saver = tf2_bridge.Saver() if x else None
    print(f"{tf2_bridge.Saver().save(sess, 'x')}")
