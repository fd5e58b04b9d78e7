import numpy as np
import tensorflow as tf
import tf2_bridge


def load(prefix):
    saver = tf2_bridge.import_meta_graph(prefix + ".meta")
    saver.restore(prefix)
    graph = tf.compat.v1.get_default_graph()
    x = graph.get_tensor_by_name("x:0")
    y = graph.get_tensor_by_name("scores:0")
    return x, y


class RestoredInFunction(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x, y = load("model/net-20")

        self.y = self.function([x], y)


model = RestoredInFunction()
model.build()
print(model.y(np.ones([2, 4])))
