import tensorflow as tf


def load(sess, path):
    """Load a SavedModel, and return its input and its output."""
    meta = tf.saved_model.loader.load(sess, ["serve"], path)
    signature = meta.signature_def["serving_default"]
    x = sess.graph.get_tensor_by_name(signature.inputs["inputs"].name)
    y = sess.graph.get_tensor_by_name(signature.outputs["outputs"].name)
    return x, y


with tf.Session() as sess:
    x, y = load(sess, "export")
    print(sess.run([y, "scores:0"], {x: [[1, 2, 3, 4]]}))
