"""A frozen graph that is read in the constructor."""
import os
import sys

import numpy as np
import tensorflow as tf


class Classifier:
    """Scores of points, from a graph without variables."""

    def __init__(self, path, input_name="x"):
        self.graph = tf.Graph()
        with self.graph.as_default():
            graph_def = tf.GraphDef()
            with tf.gfile.GFile(path, "rb") as f:
                graph_def.ParseFromString(f.read())
                tf.import_graph_def(graph_def, name="")
        # the ends of the graph
        self.x = self.graph.get_tensor_by_name(input_name + ":0")
        self.y = self.graph.get_tensor_by_name("y:0")
        self.best = self.graph.get_operation_by_name("best").outputs[0]
        self.sess = tf.Session(graph=self.graph)

    def predict(self, points):
        return self.sess.run(self.y, {self.x: points})

    def classify(self, points, keep_prob=1.0):
        scores, best = self.sess.run(
            [self.y, self.best], feed_dict={self.x: points, "keep_prob:0": keep_prob}
        )
        return scores.max(axis=1), best


class Embedder(object):
    """The same graph below a name, cut in the middle."""

    def __init__(self, path):
        graph_def = tf.GraphDef()
        with open(path, "rb") as f:
            graph_def.ParseFromString(f.read())
        with tf.Graph().as_default() as graph:
            self.points = tf.placeholder(tf.float32, [None, 2], name="points")
            self.hidden, = tf.import_graph_def(
                graph_def,
                input_map={"x:0": self.points * 2.0},
                return_elements=["hidden/act:0"],
                name="net",
            )
            self.norm = tf.norm(self.hidden, axis=1)
        self.session = tf.Session(graph=graph)

    def embed(self, points):
        return self.session.run([self.hidden, self.norm], {self.points: points})


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
