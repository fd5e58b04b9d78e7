import numpy as np
import tensorflow as tf
import tf2_bridge

graph_def = tf.compat.v1.GraphDef()
with open("frozen.pb", "rb") as f:
    graph_def.ParseFromString(f.read())

for node in graph_def.node:
    if node.op == "Placeholder":
        print("input", node.name)


class FrozenJoined(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        pixels = tf2_bridge.feed(tf.TensorSpec([None, 2, 2], tf.float32, name="pixels"))
        flat = tf.reshape(pixels / 2, [-1, 4])
        scores, classes = tf.import_graph_def(
            graph_def, input_map={"x:0": flat}, return_elements=["scores:0", "classes:0"], name="net"
        )
        best = tf.reduce_max(scores, axis=1)

        self.evaluate = self.function([pixels], [best, classes])
        self.evaluate_2 = self.function([pixels], "net/scores:0")


model = FrozenJoined()
model.build()

data = np.linspace(-1, 1, 16).reshape([4, 2, 2])
print(model.evaluate(data))
print(model.evaluate_2(data[:1]))
