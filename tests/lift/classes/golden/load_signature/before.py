"""A SavedModel whose tensors are taken from its signature."""
import os
import sys

import tensorflow as tf


class Model:
    def __init__(self, export_dir, key=tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.sess = tf.Session()
            meta_graph = tf.saved_model.loader.load(self.sess, ["serve"], export_dir)
        signature = meta_graph.signature_def[key]
        self.input_name = signature.inputs["x"].name
        self.output_name = signature.outputs["y"].name
        # all of them, by their keys
        self.outputs = {k: v.name for k, v in signature.outputs.items()}
        self.tensors = {
            k: self.graph.get_tensor_by_name(v.name) for k, v in signature.inputs.items()
        }
        self.calls = 0

    def predict(self, points):
        self.calls += 1
        return self.sess.run(self.output_name, {self.input_name: points})

    def predict_all(self, points):
        self.calls += 1
        results = self.sess.run(self.outputs, {self.tensors["x"]: points})
        return sorted(results.items())


class Serving(object):
    """Keeps the tensors."""

    def __init__(self, export_dir):
        self.session = tf.Session(graph=tf.Graph())
        loaded = tf.saved_model.loader.load(self.session, ["serve"], export_dir)
        infos = loaded.signature_def["serving_default"]
        graph = self.session.graph
        self.x = graph.get_tensor_by_name(infos.inputs["x"].name)
        self.y = tf.saved_model.utils.get_tensor_from_tensor_info(infos.outputs["y"], graph=graph)

    def __call__(self, **inputs):
        return self.session.run({"scores": self.y}, feed_dict={self.x: inputs["x"]})


export_dir = os.path.join(sys.argv[1], "export")
points = [[0.5, -0.25], [1.0, 2.0]]
model = Model(export_dir)
print(model.predict(points))
print(model.predict_all(points))
print(model.calls)
print(Serving(export_dir)(x=points))
