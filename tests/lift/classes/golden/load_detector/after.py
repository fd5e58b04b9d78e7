"""A frozen graph whose tensors are looked up whenever it is run."""
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge

SCORES = "y:0"


class Detector(tf2_bridge.GraphModule):
    def __init__(self, path):
        super().__init__()
        self.build(path)
        self.threshold = 0.5

    @tf2_bridge.graph
    def build(self, path):
        self._load_graph(path)

        # Each score tells how sure the model is of a class.
        self._detect = self.function(['x:0'], ['y:0', 'best:0'])

    def _load_graph(self, path):
        od_graph_def = tf.compat.v1.GraphDef()
        with tf.io.gfile.GFile(path, 'rb') as fid:
            serialized_graph = fid.read()
            od_graph_def.ParseFromString(serialized_graph)
            tf.import_graph_def(od_graph_def, name='')

    def detect(self, image):
        # The model expects a batch.
        image_expanded = np.expand_dims(image, axis=0)
        # Actual detection.
        (scores, classes) = self._detect(image_expanded)
        scores = np.squeeze(scores)
        return scores[scores > self.threshold], int(classes[0])

    def close(self):
        pass


class Opened(tf2_bridge.GraphModule):
    """Opens a session for each run."""

    def __init__(self, path):
        super().__init__()
        graph_def = tf.compat.v1.GraphDef()
        with open(path, "rb") as f:
            graph_def.ParseFromString(f.read())
        self.build(graph_def)

    @tf2_bridge.graph
    def build(self, graph_def):
        tf.import_graph_def(graph_def, name="model")

        self._scores = self.function(["model/x:0"], "model/" + SCORES)
        self._hidden = self.function({"x": "model/x:0"}, "model/hidden/act:0")

    def scores(self, points):
        return self._scores(points)

    def hidden(self, points):
        feeds = {"x": points}
        return self._hidden(**feeds)


path = os.path.join(sys.argv[1], "frozen.pb")
detector = Detector(path)
for point in ([0.5, -0.25], [1.0, 2.0]):
    print(detector.detect(point))
detector.close()
opened = Opened(path)
print(opened.scores([[0.5, -0.25], [1.0, 2.0]]))
print(opened.hidden([[0.5, -0.25]]))
