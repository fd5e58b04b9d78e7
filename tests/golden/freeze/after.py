import tensorflow.compat.v1 as tf
from tensorflow.python.tools import freeze_graph

tf.disable_v2_behavior()

with tf.Session() as sess:
    tf.train.write_graph(sess.graph_def, "d", "g.pb")
    tf.io.write_graph(sess.graph_def, "d", "g.pb")
    g = tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    h = tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    i = tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    freeze_graph.freeze_graph("a", "b", True, "c", "d", "e", "f", "g", True, "")
    tf.import_graph_def(g, name="")
