import tensorflow as tf


def filled(sess, path, x, y):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    signatures = {}
    signatures["a"] = tf.saved_model.signature_def_utils.predict_signature_def({"x": x}, {"y": y})
    signatures["b"] = tf.saved_model.signature_def_utils.build_signature_def(
        {"x": tf.saved_model.utils.build_tensor_info(x)},
        {"y": tf.saved_model.utils.build_tensor_info(y)},
        "tensorflow/serving/predict")
    builder.add_meta_graph_and_variables(sess, ["serve"], signature_def_map=signatures)
    builder.save()


def shared(sess, path, x, y):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    info = tf.saved_model.utils.build_tensor_info(x)
    print(info.name)
    signature = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={"x": info}, outputs={"y": tf.saved_model.utils.build_tensor_info(y)},
        method_name="tensorflow/serving/classify")
    builder.add_meta_graph_and_variables(sess, ["serve"], {"s": signature})
    builder.save()


def comprehension(sess, path, xs, ys):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    inputs = {k: tf.saved_model.utils.build_tensor_info(v) for k, v in xs.items()}
    outputs = {}
    for k, v in ys.items():
        outputs[k] = tf.saved_model.utils.build_tensor_info(v)
    signature = tf.saved_model.signature_def_utils.build_signature_def(inputs=inputs, outputs=outputs)
    builder.add_meta_graph_and_variables(sess, ["serve"], {"s": signature})
    builder.save()


def protos(sess, path, names):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    inputs = {}
    for name in names:
        info = meta_graph_pb2.TensorInfo(name=name)
        inputs[name] = info
    signature = tf.saved_model.signature_def_utils.build_signature_def(inputs=inputs, outputs=inputs)
    builder.add_meta_graph_and_variables(sess, ["serve"], {"s": signature})
    builder.save()


def mixed(sess, path, x, y, other):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    builder.add_meta_graph_and_variables(sess, ["serve"], {
        "a": tf.saved_model.predict_signature_def({"x": x}, {"y": y}), "b": other(), **more})
    builder.save()


def classify(sess, path, serialized, classes, scores):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    c = tf.saved_model.signature_def_utils.classification_signature_def(
        examples=serialized, classes=classes, scores=None)
    r = tf.saved_model.signature_def_utils.regression_signature_def(serialized, scores)
    builder.add_meta_graph_and_variables(sess, ["serve"], {"c": c, "r": r, "v": tf.saved_model.predict_signature_def(inputs=ins(), outputs=outs)},
        legacy_init_op=tf.group(tf.tables_initializer()))
    builder.save()


def returned(x, y):
    return tf.saved_model.predict_signature_def({"x": x}, {"y": y})
