"""A SavedModel whose tensors are known by name."""
import os
import sys

import tensorflow as tf


class Model:
    def __init__(self, export_dir):
        self.sess = tf.Session(graph=tf.Graph())
        tf.saved_model.loader.load(self.sess, [tf.saved_model.tag_constants.SERVING], export_dir)
        self.x = self.sess.graph.get_tensor_by_name("x:0")
        self.y = self.sess.graph.get_tensor_by_name("y:0")

    def predict(self, points):
        return self.sess.run(self.y, feed_dict={self.x: points})

    def classes(self, points):
        graph = self.sess.graph
        best = graph.get_operation_by_name("best").outputs[0]
        return self.sess.run(best, feed_dict={"x:0": points})


class Ranked(object):
    """Goes on building on what it loads."""

    INPUT = "x"

    def __init__(self, export_dir, k=2):
        self.k = k
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.sess = tf.Session(graph=self.graph)
            tf.saved_model.load(self.sess, ["serve"], export_dir)
            y = self.graph.get_tensor_by_name("y:0")
            self.values, self.indices = tf.nn.top_k(y, k=k)
        self.output_name = "best:0"

    def rank(self, points):
        fetches = [self.values, self.indices, self.output_name]
        values, indices, best = self.sess.run(fetches, {self.INPUT + ":0": points})
        return values, indices, best


export_dir = os.path.join(sys.argv[1], "export")
points = [[0.5, -0.25], [1.0, 2.0], [-3.0, 0.125]]
model = Model(export_dir)
print(model.predict(points))
print(model.classes(points))
for array in Ranked(export_dir).rank(points):
    print(array)
