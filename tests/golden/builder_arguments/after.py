import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

TAG = "serve"
def a(sess):
    builder = tf2_bridge.SessionModule("a")
    builder.add_session(session=sess, tags=[TAG], signatures=sigs, assets=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), init_op=tf.tables_initializer())
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
def b(sess):
    builder = tf2_bridge.SessionModule("a")
    builder.add_session(sess, tags=["serve", "gpu"], signatures={"x": s}, init_op=init)
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
def c(sess):
    builder = tf2_bridge.SessionModule("a")
    builder.add_session(sess, signatures={"x": s}, init_op=op)
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
def d(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s}, legacy_init_op=a, main_op=op)
    builder.save(False)
def e(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"])
    builder.save(True)
def f(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s}, saver=tf.train.Saver())
    builder.save()
def g(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {})
    builder.save()
def h(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s})
    builder.add_meta_graph(["gpu"])
    builder.save()
def i(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s})
    path = builder.save()
def j(sess):
    builder = tf.saved_model.Builder("a")
    add(builder, sess)
    builder.save()
def k(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s})
    builder.save(as_text=True)
def l(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s})
    return builder.save()
def m(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s}); builder.save()
def n(sess):
    tf.saved_model.Builder("a").save()
def o(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(*args)
    builder.save()
