import tensorflow as tf
import tf2_bridge


class LoadedTensorInfo(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        meta_graph = tf2_bridge.import_saved_model([tf.saved_model.SERVING], "export")
        sig = meta_graph.signature_def["serving_default"]
        x = tf.compat.v1.get_default_graph().get_tensor_by_name(sig.inputs["inputs"].name)
        y = tf.compat.v1.get_default_graph().get_tensor_by_name(sig.outputs["outputs"].name)
        print(x, y)

        self.y = self.function([x], y)


model = LoadedTensorInfo()
model.build()
print(model.y([[1, 2, 3, 4]]))
