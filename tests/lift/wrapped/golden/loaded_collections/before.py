import numpy as np
import tensorflow as tf


def main():
    graph = tf.Graph()
    with graph.as_default():
        with tf.Session() as sess:
            tf.saved_model.loader.load(sess, ["serve"], "export")
            for op in graph.get_operations():
                if op.type == "Placeholder":
                    print("placeholder", op.name)
            x = tf.get_collection("inputs")[0]
            scores = graph.get_operation_by_name("scores").outputs[0]
            weights = tf.trainable_variables()
            for variable in weights:
                print(variable.name, variable.shape)
            values = sess.run(weights)
            print(sum(float(np.abs(value).sum()) for value in values))
            result = scores.eval(feed_dict={x: np.ones([2, 4])})
            print("scores", result)


if __name__ == "__main__":
    main()
