import tensorflow as tf
import os


class Exporter:
    def __init__(self, path):
        self.builder = tf.saved_model.builder.SavedModelBuilder(path)

    def add(self, sess, x, y):
        self.builder.add_meta_graph_and_variables(
            sess, ["serve"], signature_def_map={"serving_default": tf.saved_model.predict_signature_def({"x": x}, {"y": y})})

    def finish(self):
        self.builder.save()
