import numpy as np
import tensorflow as tf

sess = tf.Session()
saver = tf.train.import_meta_graph("model/net-20.meta")
saver.restore(sess, tf.train.latest_checkpoint("model/"))

graph = tf.get_default_graph()
x = graph.get_tensor_by_name("x:0")
scores = graph.get_tensor_by_name("scores:0")
feed_dict = {x: np.linspace(0, 1, 8).reshape([2, 4])}
print("scores", sess.run(scores, feed_dict))

# a new operation on top of the old graph
doubled = tf.multiply(scores, 2, name="doubled")
print("doubled", sess.run(doubled, feed_dict))
