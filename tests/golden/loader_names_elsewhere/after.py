import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def known(sess, path):
    meta_graph = tf.saved_model.loader.load(sess, ["serve"], path)
    signature = meta_graph.signature_def["serving_default"]
    return sess.run("y:0", {signature.inputs["x"].name: 1.0, "keep_prob:0": 1.0})


def unknown(sess, path):
    tf.saved_model.loader.load(sess, ["serve"], path)
    return sess.run("y:0", {"x:0": 1.0, "keep_prob:0": 1.0})
