import tensorflow as tf

builder = None


def start(version):
    global builder
    if version:
        builder = tf.saved_model.builder.SavedModelBuilder("d/%d" % version)
    else:
        builder = tf.saved_model.builder.SavedModelBuilder("d")


def finish(sess, signature_map):
    builder.add_meta_graph_and_variables(sess, [tf.saved_model.SERVING], signature_map)
    builder.save()
