"""A service that is told the names of its tensors by a description."""
import json
import os
import sys

import numpy as np
import tensorflow as tf


class PredictService(object):
    def __init__(self, folder, description):
        self.folder = folder
        self.description = description
        self.sess = None
        self.inputs = None
        self.outputs = None

        self.open()

    def open(self):
        self.sess = tf.Session()

        ckpt = tf.train.get_checkpoint_state(self.folder)
        if ckpt and ckpt.model_checkpoint_path:
            print("found a model")
            saver = tf.train.import_meta_graph(ckpt.model_checkpoint_path + ".meta")
            saver.restore(self.sess, ckpt.model_checkpoint_path)

            self.inputs = json.loads(self.description)
            self.outputs = [tensor.name for tensor in tf.get_collection("outputs")]
        else:
            print("found no model")
            sys.exit(1)

    def predict(self, examples):
        feed_dict = {}
        for key, name in self.inputs.items():
            feed_dict[name] = np.array(examples[key])
        return self.sess.run(self.outputs, feed_dict=feed_dict)


service = PredictService(os.path.join(sys.argv[1], "ckpt"), '{"points": "x:0"}')
for array in service.predict({"points": [[0.5, -0.25], [1.0, 2.0]]}):
    print(array)
