import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


def export(sess, x, y):
    signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
    first = tf2_bridge.SessionModule("a")
    first.add_session(sess, signatures={"a": signature})
    with first:
        tf.saved_model.save(first, first.export_dir, signatures=first.signatures)
    second = tf.saved_model.builder.SavedModelBuilder("b")
    second.add_meta_graph_and_variables(sess, ["serve"], {"a": signature})
    second.save(as_text=True)
