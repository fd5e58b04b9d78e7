import numpy as np
import tensorflow as tf

EXPORT = "export"

# Load the trained model
with tf.Session(graph=tf.Graph()) as sess:
    tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], EXPORT)
    graph = tf.get_default_graph()
    images = graph.get_tensor_by_name("x:0")
    scores = graph.get_tensor_by_name("scores:0")

    batch = np.linspace(-1, 1, 12).reshape(3, 4)
    print("scores", sess.run(scores, feed_dict={images: batch}))

    # the same by name
    found = sess.run("scores:0", feed_dict={"x:0": batch[:1]})
    print("first", found)
