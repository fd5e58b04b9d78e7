import tensorflow as tf


def train(sess, path):
    saver = tf.train.Saver(tf.global_variables(),
                           # only the last
                           max_to_keep=1,
                           name={"a":
                                 1})
    tf.saved_model.simple_save(sess, path,
                               inputs={"x": x,
                                       "z": z},
                               outputs={"y": y})
    builder = tf.saved_model.builder.SavedModelBuilder(os.path.join(path,
                                                                    "1"))
    builder.add_meta_graph_and_variables(sess, [tf.saved_model.tag_constants.SERVING],
                                         signature_def_map={"serving_default": s,
                                                            "b": s},
                                         clear_devices=True)
    builder.save()
    tf.saved_model.simple_save(sess, path, {"x": x},
        {"y": y})
    tf.saved_model.simple_save(
        sess, path, {"x": x},
        {"y": y})
    tf.saved_model.simple_save(session=sess, export_dir=path, inputs={"x": x, "a": first_input, "b": second_input},
        outputs={"y": y})
    tf.saved_model.simple_save(session=sess, export_dir=path, inputs={"x": x, "a": first_input, "b": second_input}, outputs={"y": y})
