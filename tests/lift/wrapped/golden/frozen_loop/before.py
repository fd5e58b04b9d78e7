import numpy as np
import tensorflow as tf

detection_graph = tf.Graph()
with detection_graph.as_default():
    od_graph_def = tf.GraphDef()
    with tf.gfile.GFile("frozen.pb", 'rb') as fid:
        serialized_graph = fid.read()
        od_graph_def.ParseFromString(serialized_graph)
        tf.import_graph_def(od_graph_def, name='')

with detection_graph.as_default():
    with tf.Session(graph=detection_graph) as sess:
        for i in range(3):
            image_np = np.full([4], i)
            image_np_expanded = np.expand_dims(image_np, axis=0)
            image_tensor = detection_graph.get_tensor_by_name('x:0')
            scores = detection_graph.get_tensor_by_name('scores:0')
            classes = detection_graph.get_tensor_by_name('classes:0')
            (scores, classes) = sess.run(
                [scores, classes],
                feed_dict={image_tensor: image_np_expanded})
            print(np.squeeze(scores), classes)
