import numpy as np
import tensorflow as tf
import tf2_bridge

EXPORT = "export"

# Load the trained model


class LoadedNames(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        tf2_bridge.import_saved_model([tf.saved_model.SERVING], EXPORT)
        graph = tf.compat.v1.get_default_graph()
        images = graph.get_tensor_by_name("x:0")
        scores = graph.get_tensor_by_name("scores:0")

        self.scores = self.function([images], scores)
        self.evaluate = self.function(["x:0"], "scores:0")


model = LoadedNames()
model.build()

batch = np.linspace(-1, 1, 12).reshape(3, 4)
print("scores", model.scores(batch))

# the same by name
found = model.evaluate(batch[:1])
print("first", found)
