import tensorflow as tf


def export(sess, x, y):
    signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
    first = tf.saved_model.builder.SavedModelBuilder("a")
    first.add_meta_graph_and_variables(sess, ["serve"], {"a": signature})
    first.save()
    second = tf.saved_model.builder.SavedModelBuilder("b")
    second.add_meta_graph_and_variables(sess, ["serve"], {"a": signature})
    second.save(as_text=True)
