"""A meta graph and its checkpoint, by names and collections."""
import os
import sys

import tensorflow as tf
import tf2_bridge


class Classifier(tf2_bridge.GraphModule):
    def __init__(self, folder):
        super().__init__()
        prefix = tf.train.latest_checkpoint(folder)
        self.build(prefix)

    @tf2_bridge.graph
    def build(self, prefix):
        graph = tf.compat.v1.get_default_graph()
        # the graph comes from the file beside the checkpoint
        saver = tf2_bridge.import_meta_graph("{}.meta".format(prefix), clear_devices=True)
        saver.restore(prefix)
        self.x = graph.get_operation_by_name("x").outputs[0]
        self.y = tf.compat.v1.get_collection("outputs")[0]
        self.keep_prob = graph.get_tensor_by_name("keep_prob:0")

        self._predict = self.function([self.x, self.keep_prob], self.y)
        self._weights = self.function([], ["hidden/w:0", "output/b:0"])
        self._step = self.function([], "global_step:0")

    def predict(self, points):
        return self._predict(points, 1.0)

    def weights(self):
        return self._weights()

    def step(self):
        return self._step()


model = Classifier(os.path.join(sys.argv[1], "ckpt"))
print(model.predict([[0.5, -0.25], [1.0, 2.0]]))
for array in model.weights():
    print(array)
print("step", model.step())
