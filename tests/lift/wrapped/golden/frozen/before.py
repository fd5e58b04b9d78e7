import numpy as np
import tensorflow as tf

MODEL = "frozen.pb"

detection_graph = tf.Graph()
with detection_graph.as_default():
    graph_def = tf.GraphDef()
    with tf.gfile.GFile(MODEL, "rb") as fid:
        serialized_graph = fid.read()
        graph_def.ParseFromString(serialized_graph)
        tf.import_graph_def(graph_def, name="")

    sess = tf.Session(graph=detection_graph)

# Input and output tensors
image_tensor = detection_graph.get_tensor_by_name("x:0")
scores = detection_graph.get_tensor_by_name("scores:0")
classes = detection_graph.get_tensor_by_name("classes:0")

for row in np.linspace(-1, 1, 12).reshape(3, 1, 4):
    (found, kind) = sess.run([scores, classes], feed_dict={image_tensor: row})
    print("scores", found, "class", kind)
