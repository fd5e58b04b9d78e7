import argparse

import numpy as np
import tensorflow as tf


def load_graph(frozen_graph_filename):
    # We load the protobuf file from the disk and parse it
    with tf.gfile.GFile(frozen_graph_filename, "rb") as f:
        graph_def = tf.GraphDef()
        graph_def.ParseFromString(f.read())

    # Then, we import the graph_def into a new Graph and return it
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="prefix")
    return graph


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--frozen", default="frozen.pb", type=str)
    args = parser.parse_args()

    graph = load_graph(args.frozen)

    # We can list operations
    for op in graph.get_operations():
        print(op.name)

    x = graph.get_tensor_by_name("prefix/x:0")
    y = graph.get_tensor_by_name("prefix/scores:0")

    with tf.Session(graph=graph) as sess:
        y_out = sess.run(y, feed_dict={x: [[3.0, 5.0, 7.0, 4.0]]})
        print(y_out)
