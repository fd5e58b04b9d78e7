"""A SavedModel whose tensors are known by name."""
import os
import sys

import tensorflow as tf
import tf2_bridge


class Model(tf2_bridge.GraphModule):
    def __init__(self, export_dir):
        super().__init__()
        self.build(export_dir)

    @tf2_bridge.graph
    def build(self, export_dir):
        graph = tf.compat.v1.get_default_graph()
        tf2_bridge.import_saved_model([tf.saved_model.SERVING], export_dir)
        self.x = graph.get_tensor_by_name("x:0")
        self.y = graph.get_tensor_by_name("y:0")

        self._predict = self.function([self.x], self.y)
        self._classes = self.function(["x:0"], "best:0")

    def predict(self, points):
        return self._predict(points)

    def classes(self, points):
        return self._classes(points)


class Ranked(tf2_bridge.GraphModule):
    """Goes on building on what it loads."""

    INPUT = "x"

    def __init__(self, export_dir, k=2):
        super().__init__()
        self.k = k
        self.build(export_dir, k)

    @tf2_bridge.graph
    def build(self, export_dir, k):
        tf2_bridge.import_saved_model(["serve"], export_dir)
        y = tf.compat.v1.get_default_graph().get_tensor_by_name("y:0")
        self.values, self.indices = tf.nn.top_k(y, k=k)
        self.output_name = "best:0"

        self._rank = self.function(
            [self.INPUT + ":0"], [self.values, self.indices, self.output_name]
        )

    def rank(self, points):
        values, indices, best = self._rank(points)
        return values, indices, best


export_dir = os.path.join(sys.argv[1], "export")
points = [[0.5, -0.25], [1.0, 2.0], [-3.0, 0.125]]
model = Model(export_dir)
print(model.predict(points))
print(model.classes(points))
for array in Ranked(export_dir).rank(points):
    print(array)
