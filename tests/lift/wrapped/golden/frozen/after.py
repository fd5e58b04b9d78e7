import numpy as np
import tensorflow as tf
import tf2_bridge

MODEL = "frozen.pb"

graph_def = tf.compat.v1.GraphDef()


class Frozen(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        detection_graph = tf.compat.v1.get_default_graph()
        with tf.io.gfile.GFile(MODEL, "rb") as fid:
            serialized_graph = fid.read()
            graph_def.ParseFromString(serialized_graph)
            tf.import_graph_def(graph_def, name="")

        # Input and output tensors
        image_tensor = detection_graph.get_tensor_by_name("x:0")
        scores = detection_graph.get_tensor_by_name("scores:0")
        classes = detection_graph.get_tensor_by_name("classes:0")

        self.evaluate = self.function([image_tensor], [scores, classes])


model = Frozen()
model.build()

for row in np.linspace(-1, 1, 12).reshape(3, 1, 4):
    (found, kind) = model.evaluate(row)
    print("scores", found, "class", kind)
