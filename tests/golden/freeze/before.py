import tensorflow as tf
from tensorflow.python.framework import graph_util
from tensorflow.python.framework.graph_util import convert_variables_to_constants as freeze
from tensorflow.python.tools import freeze_graph

with tf.Session() as sess:
    tf.train.write_graph(sess.graph_def, "d", "g.pb")
    tf.io.write_graph(sess.graph_def, "d", "g.pb")
    g = graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    h = freeze(sess, sess.graph_def, ["y"])
    i = tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    freeze_graph.freeze_graph("a", "b", True, "c", "d", "e", "f", "g", True, "")
    tf.import_graph_def(g, name="")
