import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

builder = None


def start(version):
    global builder
    if version:
        builder = tf2_bridge.SessionModule("d/%d" % version)
    else:
        builder = tf2_bridge.SessionModule("d")


def finish(sess, signature_map):
    builder.add_session(sess, signatures=signature_map)
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
