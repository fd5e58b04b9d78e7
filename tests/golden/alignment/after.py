import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


def train(sess, path):
    saver = tf2_bridge.Saver(tf.global_variables(),
                             # only the last
                             max_to_keep=1,
                             name={"a":
                                   1})
    with tf2_bridge.session_module(sess, path,
                                   inputs={"x": x,
                                           "z": z},
                                   outputs={"y": y}) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    builder = tf2_bridge.SessionModule(os.path.join(path,
                                                    "1"))
    builder.add_session(sess,
                        signatures={"serving_default": s,
                                    "b": s})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
    with tf2_bridge.session_module(sess, path, {"x": x},
        {"y": y}) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    with tf2_bridge.session_module(
        sess, path, {"x": x},
        {"y": y}
    ) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    with tf2_bridge.session_module(session=sess, export_dir=path, inputs={"x": x, "a": first_input, "b": second_input},
        outputs={"y": y}) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    with tf2_bridge.session_module(
        session=sess,
        export_dir=path,
        inputs={"x": x, "a": first_input, "b": second_input},
        outputs={"y": y}
    ) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
