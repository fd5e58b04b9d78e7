import tensorflow.compat.v1 as tf
import os
import tf2_bridge

tf.disable_v2_behavior()


class Exporter:
    def __init__(self, path):
        self.builder = tf2_bridge.SessionModule(path)

    def add(self, sess, x, y):
        self.builder.add_session(
            sess, signatures={"serving_default": ({"x": x}, {"y": y})})

    def finish(self):
        with self.builder:
            tf.saved_model.save(
                self.builder, self.builder.export_dir, signatures=self.builder.signatures
            )
