import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


def export(sess, path, x, y):
    builder = tf2_bridge.SessionModule(path)
    a = (
        {"x": x},
        {
            "y": y,
        }
    )
    b = (
        {
            "x": x
        }, {"y": y})
    c = ({"x": x},
         {"y": y})
    d = ({"x": x}, {"y": y})
    e = (
        {"x": x}, {"y": y_info}, "")
    f = (
        {"x": x},  # the input
        {"y": y}, "")  # the output
    builder.add_session(
        sess, signatures={"a": a, "b": b, "c": c, "d": d, "e": e, "f": f})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
