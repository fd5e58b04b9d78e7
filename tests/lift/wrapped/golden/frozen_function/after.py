import argparse

import numpy as np
import tensorflow as tf
import tf2_bridge


def load_graph(frozen_graph_filename):
    # We load the protobuf file from the disk and parse it
    with tf.io.gfile.GFile(frozen_graph_filename, "rb") as f:
        graph_def = tf.compat.v1.GraphDef()
        graph_def.ParseFromString(f.read())

    # Then, we import the graph_def into a new Graph and return it
    with tf.compat.v1.get_default_graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="prefix")
    return graph


class FrozenFunction(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        graph = load_graph(args.frozen)

        # We can list operations
        for op in graph.get_operations():
            print(op.name)

        x = graph.get_tensor_by_name("prefix/x:0")
        y = graph.get_tensor_by_name("prefix/scores:0")

        self.y = self.function([x], y)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--frozen", default="frozen.pb", type=str)
    args = parser.parse_args()

    model = FrozenFunction()
    model.build()

    y_out = model.y([[3.0, 5.0, 7.0, 4.0]])
    print(y_out)
