import numpy as np
import tensorflow as tf
import tf2_bridge

od_graph_def = tf.compat.v1.GraphDef()


class FrozenLoop(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        detection_graph = tf.compat.v1.get_default_graph()
        with tf.io.gfile.GFile("frozen.pb", 'rb') as fid:
            serialized_graph = fid.read()
            od_graph_def.ParseFromString(serialized_graph)
            tf.import_graph_def(od_graph_def, name='')
        image_tensor = detection_graph.get_tensor_by_name('x:0')
        scores = detection_graph.get_tensor_by_name('scores:0')
        classes = detection_graph.get_tensor_by_name('classes:0')

        self.evaluate = self.function([image_tensor], [scores, classes])


model = FrozenLoop()
model.build()

for i in range(3):
    image_np = np.full([4], i)
    image_np_expanded = np.expand_dims(image_np, axis=0)
    (scores, classes) = model.evaluate(image_np_expanded)
    print(np.squeeze(scores), classes)
