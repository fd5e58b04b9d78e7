import numpy as np
import tensorflow as tf
import tf2_bridge


class LoadedCollections(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        graph = tf.compat.v1.get_default_graph()
        tf2_bridge.import_saved_model(["serve"], "export")
        for op in tf2_bridge.graph_operations():
            if op.type == "Placeholder":
                print("placeholder", op.name)
        x = tf.compat.v1.get_collection("inputs")[0]
        scores = graph.get_operation_by_name("scores").outputs[0]
        weights = tf.compat.v1.trainable_variables()
        for variable in weights:
            print(variable.name, variable.shape)

        self.weights = self.function([], weights)
        self.scores = self.function([x], scores)


def main():
    model = LoadedCollections()
    model.build()
    values = model.weights()
    print(sum(float(np.abs(value).sum()) for value in values))
    result = model.scores(np.ones([2, 4]))
    print("scores", result)


if __name__ == "__main__":
    main()
