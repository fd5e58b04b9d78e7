import argparse
import numpy as np
import tensorflow as tf


def load_graph(model_file):
    graph = tf.Graph()
    graph_def = tf.GraphDef()

    with open(model_file, "rb") as f:
        graph_def.ParseFromString(f.read())
    with graph.as_default():
        tf.import_graph_def(graph_def)

    return graph


if __name__ == "__main__":
    model_file = "frozen.pb"
    input_layer = "x"
    output_layer = "scores"
    parser = argparse.ArgumentParser()
    parser.add_argument("--input_layer", help="name of input layer")
    args = parser.parse_args()
    if args.input_layer:
        input_layer = args.input_layer

    graph = load_graph(model_file)
    t = np.ones([1, 4])

    input_name = "import/" + input_layer
    output_name = "import/" + output_layer
    input_operation = graph.get_operation_by_name(input_name)
    output_operation = graph.get_operation_by_name(output_name)

    with tf.Session(graph=graph) as sess:
        results = sess.run(
            output_operation.outputs[0], {input_operation.outputs[0]: t}
        )
    results = np.squeeze(results)
    for i in results.argsort()[-5:][::-1]:
        print(i, results[i])
