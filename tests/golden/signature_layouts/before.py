import tensorflow as tf


def export(sess, path, x, y):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    a = (
        tf.saved_model.signature_def_utils.build_signature_def(
            inputs={"x": tf.saved_model.utils.build_tensor_info(x)},
            outputs={
                "y": tf.saved_model.utils.build_tensor_info(y),
            },
            method_name=tf.saved_model.signature_constants.PREDICT_METHOD_NAME,
        )
    )
    b = (
        tf.saved_model.signature_def_utils.predict_signature_def({
            "x": x
        }, {"y": y}))
    c = tf.saved_model.signature_def_utils.predict_signature_def(inputs={"x": x},
                                                                 outputs={"y": y})
    d = tf.saved_model.signature_def_utils.predict_signature_def(outputs={"y": y}, inputs={"x": x})
    e = (tf.saved_model.signature_def_utils.build_signature_def(
        {"x": tf.saved_model.utils.build_tensor_info(tensor=x)}, {"y": y_info}))
    f = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={"x": tf.saved_model.utils.build_tensor_info(x)},  # the input
        outputs={"y": tf.saved_model.utils.build_tensor_info(y)})  # the output
    builder.add_meta_graph_and_variables(
        sess, ["serve"], signature_def_map={"a": a, "b": b, "c": c, "d": d, "e": e, "f": f})
    builder.save()
