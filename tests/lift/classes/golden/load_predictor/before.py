"""A service that answers with a predictor."""
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib import predictor


class Service(object):
    def __init__(self, export_dir, key="serving_default"):
        if not tf.gfile.Exists(export_dir):
            raise ValueError(export_dir)
        # loads the model
        self.predict_fn = predictor.from_saved_model(
            export_dir, signature_def_key=key, config=tf.ConfigProto(allow_soft_placement=True))
        self.keys = sorted(self.predict_fn.fetch_tensors)

    def scores(self, points):
        return self.predict_fn({"x": points})["y"]

    def best(self, points):
        found = self.predict_fn({"x": np.asarray(points, np.float32)})
        return found["best"].tolist()


def main():
    service = Service(os.path.join(sys.argv[1], "export"))
    print(service.keys)
    print(service.scores([[0.5, -0.25], [1.0, 2.0]]))
    print(service.best([[0.5, -0.25], [1.0, 2.0]]))
    named = predictor.from_saved_model(
        os.path.join(sys.argv[1], "export"),
        input_names={"points": "x:0"},
        output_names={"scores": "y:0"},
        tags="serve",
    )
    print(named({"points": [[1.0, 2.0]]})["scores"])
    try:
        named({"x": 1})
    except ValueError:
        print("x is no key of it")


if __name__ == "__main__":
    main()
