"""A model that is open in a block."""
import os
import sys

import tensorflow as tf


class Model:
    def __init__(self, export_dir):
        self.export_dir = export_dir
        self.session = None

    def __enter__(self):
        self.session = tf.Session(graph=tf.Graph())
        tf.saved_model.loader.load(self.session, ["serve"], self.export_dir)
        return self

    def __exit__(self, kind, error, trace):
        self.session.close()

    def predict(self, points):
        return self.session.run("y:0", {"x:0": points})

    def both(self, points):
        scores, best = self.session.run(["y:0", "best:0"], feed_dict={"x:0": points})
        return list(zip(scores.tolist(), best.tolist()))


with Model(os.path.join(sys.argv[1], "export")) as model:
    print(model.predict([[0.5, -0.25]]))
    print(model.both([[0.5, -0.25], [1.0, 2.0]]))
