import numpy as np
import tensorflow as tf
import tf2_bridge


def load(prefix):
    graph = tf.compat.v1.get_default_graph()
    with graph.as_default():
        # a session of its own, which stays open
        saver = tf2_bridge.import_meta_graph(prefix + ".meta")
        saver.restore(prefix)
    x = graph.get_tensor_by_name("x:0")
    scores = graph.get_tensor_by_name("scores:0")
    return x, scores


class RestoredSession(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x, scores = load("model/net-20")

        self.scores = self.function([x], scores)


def main():
    model = RestoredSession()
    model.build()
    for row in np.linspace(-1, 1, 12).reshape(3, 1, 4):
        print(model.scores(row))


if __name__ == "__main__":
    main()
