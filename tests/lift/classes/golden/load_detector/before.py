"""A frozen graph whose tensors are looked up whenever it is run."""
import os
import sys

import numpy as np
import tensorflow as tf

SCORES = "y:0"


class Detector(object):
    def __init__(self, path):
        self.detection_graph = self._load_graph(path)
        config = tf.ConfigProto()
        config.gpu_options.allow_growth = True
        self.sess = tf.Session(graph=self.detection_graph, config=config)
        self.threshold = 0.5

    def _load_graph(self, path):
        graph = tf.Graph()
        with graph.as_default():
            od_graph_def = tf.GraphDef()
            with tf.gfile.GFile(path, 'rb') as fid:
                serialized_graph = fid.read()
                od_graph_def.ParseFromString(serialized_graph)
                tf.import_graph_def(od_graph_def, name='')
        return graph

    def detect(self, image):
        # The model expects a batch.
        image_expanded = np.expand_dims(image, axis=0)
        image_tensor = self.detection_graph.get_tensor_by_name('x:0')
        # Each score tells how sure the model is of a class.
        scores = self.detection_graph.get_tensor_by_name('y:0')
        classes = self.detection_graph.get_tensor_by_name('best:0')
        # Actual detection.
        (scores, classes) = self.sess.run(
            [scores, classes],
            feed_dict={image_tensor: image_expanded})
        scores = np.squeeze(scores)
        return scores[scores > self.threshold], int(classes[0])

    def close(self):
        self.sess.close()


class Opened:
    """Opens a session for each run."""

    def __init__(self, path):
        self.graph = tf.Graph()
        graph_def = tf.GraphDef()
        with open(path, "rb") as f:
            graph_def.ParseFromString(f.read())
        with self.graph.as_default():
            tf.import_graph_def(graph_def, name="model")

    def scores(self, points):
        with tf.Session(graph=self.graph) as sess:
            x = sess.graph.get_tensor_by_name("model/x:0")
            y = sess.graph.get_tensor_by_name("model/" + SCORES)
            return sess.run(y, feed_dict={x: points})

    def hidden(self, points):
        feeds = {"model/x:0": points}
        with self.graph.as_default():
            with tf.Session() as sess:
                return sess.run("model/hidden/act:0", feed_dict=feeds)


path = os.path.join(sys.argv[1], "frozen.pb")
detector = Detector(path)
for point in ([0.5, -0.25], [1.0, 2.0]):
    print(detector.detect(point))
detector.close()
opened = Opened(path)
print(opened.scores([[0.5, -0.25], [1.0, 2.0]]))
print(opened.hidden([[0.5, -0.25]]))
