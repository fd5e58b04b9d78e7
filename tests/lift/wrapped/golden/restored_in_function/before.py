import numpy as np
import tensorflow as tf


def load(sess, prefix):
    saver = tf.train.import_meta_graph(prefix + ".meta")
    saver.restore(sess, prefix)
    graph = tf.get_default_graph()
    x = graph.get_tensor_by_name("x:0")
    y = graph.get_tensor_by_name("scores:0")
    return x, y


with tf.Session() as sess:
    x, y = load(sess, "model/net-20")
    print(sess.run(y, {x: np.ones([2, 4])}))
