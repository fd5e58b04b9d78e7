"""A service that is told the names of its tensors by a description."""
import json
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


class PredictService(tf2_bridge.GraphModule):
    def __init__(self, folder, description):
        super().__init__()
        self.folder = folder
        self.description = description
        self.inputs = None
        self.outputs = None

        self.open()

    @tf2_bridge.graph
    def open(self):
        ckpt = tf.train.get_checkpoint_state(self.folder)
        if ckpt and ckpt.model_checkpoint_path:
            print("found a model")
            saver = tf2_bridge.import_meta_graph(ckpt.model_checkpoint_path + ".meta")
            saver.restore(ckpt.model_checkpoint_path)

            self.inputs = json.loads(self.description)
            self.outputs = [tensor.name for tensor in tf.compat.v1.get_collection("outputs")]
        else:
            print("found no model")
            sys.exit(1)

        self._predict = self.function(self.inputs, self.outputs)

    def predict(self, examples):
        feed_dict = {}
        for key in self.inputs:
            feed_dict[key] = np.array(examples[key])
        return self._predict(**feed_dict)


service = PredictService(os.path.join(sys.argv[1], "ckpt"), '{"points": "x:0"}')
for array in service.predict({"points": [[0.5, -0.25], [1.0, 2.0]]}):
    print(array)
