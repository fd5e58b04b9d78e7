"""A model that is loaded by a method, later."""
import os
import sys

import tensorflow as tf
import tf2_bridge


class Service(tf2_bridge.GraphModule):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def load(self, prefix):
        self.build(prefix)
        print(self.name, "is loaded")

    @tf2_bridge.graph
    def build(self, prefix):
        graph = tf.compat.v1.get_default_graph()
        saver = tf2_bridge.import_meta_graph(prefix + ".meta")
        saver.restore(prefix)
        self.x = graph.get_tensor_by_name("x:0")
        self.y = graph.get_tensor_by_name("y:0")

        self._predict = self.function([self.x], self.y)

    def predict(self, points):
        return self._predict(points)

    def close(self):
        pass


service = Service("scores")
service.load(os.path.join(sys.argv[1], "ckpt", "model-5"))
print(service.predict([[0.5, -0.25], [1.0, 2.0]]))
service.close()
