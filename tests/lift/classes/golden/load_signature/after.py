"""A SavedModel whose tensors are taken from its signature."""
import os
import sys

import tensorflow as tf
import tf2_bridge


class Model(tf2_bridge.GraphModule):
    def __init__(self, export_dir, key=tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY):
        super().__init__()
        self.build(export_dir, key)
        self.calls = 0

    @tf2_bridge.graph
    def build(self, export_dir, key):
        graph = tf.compat.v1.get_default_graph()
        meta_graph = tf2_bridge.import_saved_model(["serve"], export_dir)
        signature = meta_graph.signature_def[key]
        self.input_name = signature.inputs["x"].name
        self.output_name = signature.outputs["y"].name
        # all of them, by their keys
        self.outputs = {k: v.name for k, v in signature.outputs.items()}
        self.tensors = {
            k: graph.get_tensor_by_name(v.name) for k, v in signature.inputs.items()
        }

        self._predict = self.function([self.input_name], self.output_name)
        self._predict_all = self.function([self.tensors["x"]], self.outputs)

    def predict(self, points):
        self.calls += 1
        return self._predict(points)

    def predict_all(self, points):
        self.calls += 1
        results = self._predict_all(points)
        return sorted(results.items())


class Serving(tf2_bridge.GraphModule):
    """Keeps the tensors."""

    def __init__(self, export_dir):
        super().__init__()
        self.build(export_dir)

    @tf2_bridge.graph
    def build(self, export_dir):
        graph = tf.compat.v1.get_default_graph()
        loaded = tf2_bridge.import_saved_model(["serve"], export_dir)
        infos = loaded.signature_def["serving_default"]
        self.x = graph.get_tensor_by_name(infos.inputs["x"].name)
        self.y = graph.get_tensor_by_name(infos.outputs["y"].name)

        self._call = self.function([self.x], {"scores": self.y})

    def __call__(self, **inputs):
        return self._call(inputs["x"])


export_dir = os.path.join(sys.argv[1], "export")
points = [[0.5, -0.25], [1.0, 2.0]]
model = Model(export_dir)
print(model.predict(points))
print(model.predict_all(points))
print(model.calls)
print(Serving(export_dir)(x=points))
