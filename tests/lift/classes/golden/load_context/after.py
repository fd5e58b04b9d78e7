"""A model that is open in a block."""
import os
import sys

import tf2_bridge


class Model(tf2_bridge.GraphModule):
    def __init__(self, export_dir):
        super().__init__()
        self.export_dir = export_dir

    def __enter__(self):
        self.build()
        return self

    @tf2_bridge.graph
    def build(self):
        tf2_bridge.import_saved_model(["serve"], self.export_dir)

        self._predict = self.function(["x:0"], "y:0")
        self._both = self.function(["x:0"], ["y:0", "best:0"])

    def __exit__(self, kind, error, trace):
        pass

    def predict(self, points):
        return self._predict(points)

    def both(self, points):
        scores, best = self._both(points)
        return list(zip(scores.tolist(), best.tolist()))


with Model(os.path.join(sys.argv[1], "export")) as model:
    print(model.predict([[0.5, -0.25]]))
    print(model.both([[0.5, -0.25], [1.0, 2.0]]))
