"""A frozen graph or a checkpoint with its graph, whichever the path is of."""
import os
import sys

import numpy as np
import tensorflow as tf


def read(path):
    """Return the graph of a file."""
    graph_def = tf.GraphDef()
    with tf.gfile.FastGFile(path, "rb") as f:
        graph_def.ParseFromString(f.read())
    return graph_def


class Encoder(object):
    def __init__(self, path):
        self.path = path
        self.sess = None
        self.graph = tf.Graph()
        self.load_model()

    def load_model(self):
        with self.graph.as_default():
            self.sess = tf.Session(graph=self.graph)
            if os.path.isfile(self.path):
                tf.import_graph_def(read(self.path), name="")
            else:
                saver = tf.train.import_meta_graph(self.path + ".meta")
                saver.restore(self.sess, self.path)

    def encode(self, point):
        """Return what the hidden layer makes of a point."""
        with self.graph.as_default():
            # Expand dimensions: the graph expects a batch.
            batch = np.expand_dims(point, axis=0)

            # Get tensors from the graph
            points = self.graph.get_tensor_by_name("x:0")
            hidden = self.graph.get_tensor_by_name("hidden/act:0")

            # Run inference
            (hidden,) = self.sess.run([hidden], feed_dict={points: batch})

            # One row is left
            hidden = np.squeeze(hidden)
        return hidden

    def close(self):
        """Free what the model holds."""
        if self.sess is not None:
            self.sess.close()
            self.sess = None


for name in ("frozen.pb", os.path.join("ckpt", "model-5")):
    encoder = Encoder(os.path.join(sys.argv[1], name))
    print(encoder.encode([0.5, -0.25]))
    encoder.close()
