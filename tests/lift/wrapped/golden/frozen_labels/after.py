import argparse
import numpy as np
import tensorflow as tf
import tf2_bridge


def load_graph(model_file):
    graph = tf.compat.v1.get_default_graph()
    graph_def = tf.compat.v1.GraphDef()

    with open(model_file, "rb") as f:
        graph_def.ParseFromString(f.read())
    with graph.as_default():
        tf.import_graph_def(graph_def)

    return graph


class FrozenLabels(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        graph = load_graph(model_file)
        input_operation = graph.get_operation_by_name(input_name)
        output_operation = graph.get_operation_by_name(output_name)

        self.evaluate = self.function(
            [input_operation.outputs[0]], output_operation.outputs[0]
        )


if __name__ == "__main__":
    model_file = "frozen.pb"
    input_layer = "x"
    output_layer = "scores"
    parser = argparse.ArgumentParser()
    parser.add_argument("--input_layer", help="name of input layer")
    args = parser.parse_args()
    if args.input_layer:
        input_layer = args.input_layer

    t = np.ones([1, 4])

    input_name = "import/" + input_layer
    output_name = "import/" + output_layer
    model = FrozenLabels()
    model.build()

    results = model.evaluate(t)
    results = np.squeeze(results)
    for i in results.argsort()[-5:][::-1]:
        print(i, results[i])
