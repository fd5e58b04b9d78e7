import numpy as np
import tensorflow as tf

def create_graph():
    """Creates a graph from saved GraphDef file and returns a saver."""
    with tf.gfile.FastGFile("frozen.pb", 'rb') as f:
        graph_def = tf.GraphDef()
        graph_def.ParseFromString(f.read())
        _ = tf.import_graph_def(graph_def, name='')

def run_inference_on_image(image):
    with tf.Session() as sess:
        softmax_tensor = sess.graph.get_tensor_by_name('scores:0')
        predictions = sess.run(softmax_tensor, {'x:0': image})
        predictions = np.squeeze(predictions)
        top_k = predictions.argsort()[-5:][::-1]
        for node_id in top_k:
            print(node_id, predictions[node_id])
        return top_k

create_graph()
for i in range(2):
    run_inference_on_image(np.full([1, 4], i))
