import tensorflow as tf


class Exporter:
    def __init__(self, path, x, y):
        self.builder = tf.saved_model.builder.SavedModelBuilder(path)
        self.signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})

    def export(self, sess):
        self.builder.add_meta_graph_and_variables(sess, ["serve"], {"a": self.signature})
        self.builder.save()


class Other:
    def __init__(self, path, x, y):
        self.b = tf.saved_model.builder.SavedModelBuilder(path)
        self.s = tf.saved_model.predict_signature_def({"x": x}, {"y": y})

    def export(self, sess):
        self.b.add_meta_graph_and_variables(sess, ["serve"], {"a": self.s})
        self.b.save()


exporter = Exporter("d", x, y)
exporter.builder.add_meta_graph(["gpu"])
print(Other("d", x, y).s.inputs)
