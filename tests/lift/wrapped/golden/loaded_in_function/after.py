import numpy as np
import tensorflow as tf
import tf2_bridge


class LoadedInFunction(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        tf2_bridge.import_saved_model([tf.saved_model.SERVING], "export")

        self.evaluate = self.function(["x:0"], "scores:0")


def predict(values):
    model = LoadedInFunction()
    model.build()
    result = model.evaluate(values)
    return result


for i in range(2):
    print(predict(np.full([1, 4], i)))
