"""A SavedModel that is fed by the keys of its signature."""
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


class Model(tf2_bridge.GraphModule):
    def __init__(self, export_dir, signature="serving_default"):
        super().__init__()
        self.build(export_dir, signature)

    @tf2_bridge.graph
    def build(self, export_dir, signature):
        graph = tf.compat.v1.get_default_graph()
        meta_graph = tf2_bridge.import_saved_model(["serve"], export_dir)
        definition = meta_graph.signature_def[signature]
        self.feed_tensors = {
            k: graph.get_tensor_by_name(v.name) for k, v in definition.inputs.items()
        }
        self.fetch_tensors = {
            k: graph.get_tensor_by_name(v.name) for k, v in definition.outputs.items()
        }

        self._predict = self.function(self.feed_tensors, self.fetch_tensors)
        self._scores = self.function(self.feed_tensors, self.fetch_tensors["y"])

    def predict(self, **inputs):
        return self._predict(**inputs)

    def scores(self, rows):
        data = {"x": rows}
        return self._scores(**{key: np.asarray(value) for key, value in data.items()})


model = Model(os.path.join(sys.argv[1], "export"))
found = model.predict(x=[[0.5, -0.25], [1.0, 2.0]])
print(found["y"])
print(found["best"])
print(model.scores([[1.0, 2.0]]))
