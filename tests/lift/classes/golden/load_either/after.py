"""A frozen graph or a checkpoint with its graph, whichever the path is of."""
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


def read(path):
    """Return the graph of a file."""
    graph_def = tf.compat.v1.GraphDef()
    with tf.io.gfile.GFile(path, "rb") as f:
        graph_def.ParseFromString(f.read())
    return graph_def


class Encoder(tf2_bridge.GraphModule):
    def __init__(self, path):
        super().__init__()
        self.path = path
        self.load_model()

    @tf2_bridge.graph
    def load_model(self):
        if os.path.isfile(self.path):
            tf.import_graph_def(read(self.path), name="")
        else:
            saver = tf2_bridge.import_meta_graph(self.path + ".meta")
            saver.restore(self.path)

        # Get tensors from the graph
        self._encode = self.function(["x:0"], ["hidden/act:0"])

    def encode(self, point):
        """Return what the hidden layer makes of a point."""
        # Expand dimensions: the graph expects a batch.
        batch = np.expand_dims(point, axis=0)

        # Run inference
        (hidden,) = self._encode(batch)

        # One row is left
        hidden = np.squeeze(hidden)
        return hidden

    def close(self):
        """Free what the model holds."""


for name in ("frozen.pb", os.path.join("ckpt", "model-5")):
    encoder = Encoder(os.path.join(sys.argv[1], name))
    print(encoder.encode([0.5, -0.25]))
    encoder.close()
