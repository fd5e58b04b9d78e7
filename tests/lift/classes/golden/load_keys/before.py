"""A SavedModel that is fed by the keys of its signature."""
import os
import sys

import numpy as np
import tensorflow as tf


class Model:
    def __init__(self, export_dir, signature="serving_default"):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.sess = tf.Session(graph=self.graph)
            meta_graph = tf.saved_model.loader.load(self.sess, ["serve"], export_dir)
        definition = meta_graph.signature_def[signature]
        self.feed_tensors = {
            k: self.graph.get_tensor_by_name(v.name) for k, v in definition.inputs.items()
        }
        self.fetch_tensors = {
            k: self.graph.get_tensor_by_name(v.name) for k, v in definition.outputs.items()
        }

    def predict(self, **inputs):
        feed_dict = {self.feed_tensors[k]: v for k, v in inputs.items()}
        return self.sess.run(self.fetch_tensors, feed_dict=feed_dict)

    def scores(self, rows):
        data = {"x": rows}
        return self.sess.run(
            self.fetch_tensors["y"],
            {self.feed_tensors[key]: np.asarray(value) for key, value in data.items()},
        )


model = Model(os.path.join(sys.argv[1], "export"))
found = model.predict(x=[[0.5, -0.25], [1.0, 2.0]])
print(found["y"])
print(found["best"])
print(model.scores([[1.0, 2.0]]))
