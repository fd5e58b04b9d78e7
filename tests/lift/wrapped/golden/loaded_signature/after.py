import numpy as np
import tensorflow as tf
import tf2_bridge

export_dir = "export"
key = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY


class LoadedSignature(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        meta_graph_def = tf2_bridge.import_saved_model(["serve"], export_dir)
        signature = meta_graph_def.signature_def

        # the names of the tensors
        x_name = signature[key].inputs["inputs"].name
        y_name = signature[key].outputs["outputs"].name
        print("reads", x_name, "gives", y_name)

        x = tf.compat.v1.get_default_graph().get_tensor_by_name(x_name)
        y = tf.compat.v1.get_default_graph().get_tensor_by_name(y_name)

        self.y = self.function([x], y)
        self.y_name = self.function([x_name], y_name)


model = LoadedSignature()
model.build()

for i in range(3):
    print(i, model.y(np.full([2, 4], i)))
print(model.y_name([[1, 2, 3, 4]]))
