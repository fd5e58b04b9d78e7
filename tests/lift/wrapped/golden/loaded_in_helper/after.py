import tensorflow as tf
import tf2_bridge


def load(path):
    """Load a SavedModel, and return its input and its output."""
    meta = tf2_bridge.import_saved_model(["serve"], path)
    signature = meta.signature_def["serving_default"]
    x = tf.compat.v1.get_default_graph().get_tensor_by_name(signature.inputs["inputs"].name)
    y = tf.compat.v1.get_default_graph().get_tensor_by_name(signature.outputs["outputs"].name)
    return x, y


class LoadedInHelper(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x, y = load("export")

        self.evaluate = self.function([x], [y, "scores:0"])


model = LoadedInHelper()
model.build()
print(model.evaluate([[1, 2, 3, 4]]))
