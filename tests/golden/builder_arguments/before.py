import tensorflow as tf

TAG = "serve"
def a(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess=sess, tags=[TAG], signature_def_map=sigs, assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), main_op=tf.tables_initializer(), strip_default_attrs=True, clear_devices=False)
    builder.save()
def b(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve", "gpu"], {"x": s}, None, init, True)
    builder.save(as_text=False)
def c(sess):
    builder = tf.saved_model.Builder("a")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"x": s}, legacy_init_op=None, main_op=op)
    builder.save(False)
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
