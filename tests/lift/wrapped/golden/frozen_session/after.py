import numpy as np
import tensorflow as tf
import tf2_bridge

def load():
    with open("frozen.pb", 'rb') as f:
        graph_def = tf.compat.v1.GraphDef()
        graph_def.ParseFromString(f.read())
        tf.import_graph_def(graph_def, name='')

def inference(x):
    return model.y(x)


class FrozenSession(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        load()
        y = tf.compat.v1.get_default_graph().get_tensor_by_name("scores:0")

        self.y = self.function(["x:0"], y)


if __name__ == "__main__":
    model = FrozenSession()
    model.build()
    for i in range(2):
        print(inference(np.full([1, 4], i)))
