import tensorflow as tf

with tf.Session(graph=tf.Graph()) as sess:
    meta_graph = tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], "export")
    sig = meta_graph.signature_def["serving_default"]
    x = tf.saved_model.utils.get_tensor_from_tensor_info(sig.inputs["inputs"], sess.graph)
    y = tf.saved_model.utils.get_tensor_from_tensor_info(sig.outputs["outputs"], sess.graph)
    print(x, y)
    print(sess.run(y, feed_dict={x: [[1, 2, 3, 4]]}))
