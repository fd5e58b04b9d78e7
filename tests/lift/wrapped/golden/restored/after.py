import numpy as np
import tensorflow as tf
import tf2_bridge


class Restored(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        saver = tf2_bridge.import_meta_graph("model/net-20.meta")
        saver.restore(tf.train.latest_checkpoint("model/"))

        graph = tf.compat.v1.get_default_graph()
        x = graph.get_tensor_by_name("x:0")
        scores = graph.get_tensor_by_name("scores:0")

        # a new operation on top of the old graph
        doubled = tf.multiply(scores, 2, name="doubled")

        self.scores = self.function([x], scores)
        self.doubled = self.function([x], doubled)


model = Restored()
model.build()
feed_dict = (np.linspace(0, 1, 8).reshape([2, 4]),)
print("scores", model.scores(*feed_dict))

print("doubled", model.doubled(*feed_dict))
