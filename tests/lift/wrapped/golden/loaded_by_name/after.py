import numpy as np
import tensorflow as tf
import tf2_bridge


class LoadedByName(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        tf2_bridge.import_saved_model(["serve"], "export")
        x = tf.compat.v1.get_default_graph().get_tensor_by_name("x:0")

        self.x = x


model = LoadedByName()
model.build()


def outputs(names, values):
    """Return what tensors of the model are for some values."""
    return model.function([model.x], names)(values)


batch = np.linspace(-1, 1, 8).reshape(2, 4)
print(outputs(["scores:0"], batch))
for name in ("scores", "x"):
    # one after the other
    print(name, model.function(["x:0"], name + ":0")(batch))
