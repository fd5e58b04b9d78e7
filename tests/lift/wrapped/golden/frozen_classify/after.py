import numpy as np
import tensorflow as tf
import tf2_bridge

def create_graph():
    """Creates a graph from saved GraphDef file and returns a saver."""
    with tf.io.gfile.GFile("frozen.pb", 'rb') as f:
        graph_def = tf.compat.v1.GraphDef()
        graph_def.ParseFromString(f.read())
        _ = tf.import_graph_def(graph_def, name='')

def run_inference_on_image(image):
    predictions = model.softmax_tensor(image)
    predictions = np.squeeze(predictions)
    top_k = predictions.argsort()[-5:][::-1]
    for node_id in top_k:
        print(node_id, predictions[node_id])
    return top_k


class FrozenClassify(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        create_graph()
        softmax_tensor = tf.compat.v1.get_default_graph().get_tensor_by_name('scores:0')

        self.softmax_tensor = self.function(['x:0'], softmax_tensor)


model = FrozenClassify()
model.build()
for i in range(2):
    run_inference_on_image(np.full([1, 4], i))
