import numpy as np
import tensorflow as tf


def load(prefix):
    graph = tf.Graph()
    with graph.as_default():
        # a session of its own, which stays open
        sess = tf.Session(graph=graph)
        with sess.as_default():
            saver = tf.train.import_meta_graph(prefix + ".meta")
            saver.restore(sess, prefix)
    x = graph.get_tensor_by_name("x:0")
    scores = graph.get_tensor_by_name("scores:0")
    return sess, x, scores


def main():
    sess, x, scores = load("model/net-20")
    for row in np.linspace(-1, 1, 12).reshape(3, 1, 4):
        print(sess.run(scores, feed_dict={x: row}))
    sess.close()


if __name__ == "__main__":
    main()
