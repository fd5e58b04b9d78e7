"""A frozen graph that is read in the constructor."""
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


class Classifier(tf2_bridge.GraphModule):
    """Scores of points, from a graph without variables."""

    def __init__(self, path, input_name="x"):
        super().__init__()
        self.build(path, input_name)

    @tf2_bridge.graph
    def build(self, path, input_name):
        graph = tf.compat.v1.get_default_graph()
        graph_def = tf.compat.v1.GraphDef()
        with tf.io.gfile.GFile(path, "rb") as f:
            graph_def.ParseFromString(f.read())
            tf.import_graph_def(graph_def, name="")
        # the ends of the graph
        self.x = graph.get_tensor_by_name(input_name + ":0")
        self.y = graph.get_tensor_by_name("y:0")
        self.best = graph.get_operation_by_name("best").outputs[0]

        self._predict = self.function([self.x], self.y)
        self._classify = self.function([self.x, "keep_prob:0"], [self.y, self.best])

    def predict(self, points):
        return self._predict(points)

    def classify(self, points, keep_prob=1.0):
        scores, best = self._classify(points, keep_prob)
        return scores.max(axis=1), best


class Embedder(tf2_bridge.GraphModule):
    """The same graph below a name, cut in the middle."""

    def __init__(self, path):
        super().__init__()
        graph_def = tf.compat.v1.GraphDef()
        with open(path, "rb") as f:
            graph_def.ParseFromString(f.read())
        self.build(graph_def)

    @tf2_bridge.graph
    def build(self, graph_def):
        self.points = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="points"))
        self.hidden, = tf.import_graph_def(
            graph_def,
            input_map={"x:0": self.points * 2.0},
            return_elements=["hidden/act:0"],
            name="net",
        )
        self.norm = tf.norm(self.hidden, axis=1)

        self._embed = self.function([self.points], [self.hidden, self.norm])

    def embed(self, points):
        return self._embed(points)


if __name__ == "__main__":
    path = os.path.join(sys.argv[1], "frozen.pb")
    points = np.array([[0.5, -0.25], [1.0, 2.0], [-3.0, 0.125]])
    classifier = Classifier(path)
    print(classifier.predict(points))
    for array in classifier.classify(points) + classifier.classify(points[:1], keep_prob=1):
        print(array)
    hidden, norm = Embedder(path).embed(points)
    print(hidden)
    print(norm)
