import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


def filled(sess, path, x, y):
    builder = tf2_bridge.SessionModule(path)
    signatures = {}
    signatures["a"] = ({"x": x}, {"y": y})
    signatures["b"] = (
        {"x": x},
        {"y": y})
    builder.add_session(sess, signatures=signatures)
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def shared(sess, path, x, y):
    builder = tf2_bridge.SessionModule(path)
    info = tf.saved_model.utils.build_tensor_info(x)
    print(info.name)
    signature = (
        {"x": info}, {"y": y},
        "tensorflow/serving/classify")
    builder.add_session(sess, signatures={"s": signature})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def comprehension(sess, path, xs, ys):
    builder = tf2_bridge.SessionModule(path)
    inputs = {k: tf.saved_model.utils.build_tensor_info(v) for k, v in xs.items()}
    outputs = {}
    for k, v in ys.items():
        outputs[k] = tf.saved_model.utils.build_tensor_info(v)
    signature = (inputs, outputs, "")
    builder.add_session(sess, signatures={"s": signature})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def protos(sess, path, names):
    builder = tf2_bridge.SessionModule(path)
    inputs = {}
    for name in names:
        info = meta_graph_pb2.TensorInfo(name=name)
        inputs[name] = info
    signature = (inputs, inputs, "")
    builder.add_session(sess, signatures={"s": signature})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def mixed(sess, path, x, y, other):
    builder = tf2_bridge.SessionModule(path)
    builder.add_session(sess, signatures={
        "a": tf.saved_model.predict_signature_def({"x": x}, {"y": y}), "b": other(), **more})
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def classify(sess, path, serialized, classes, scores):
    builder = tf2_bridge.SessionModule(path)
    c = (
        {"inputs": serialized}, {"classes": classes}, "tensorflow/serving/classify")
    r = ({"inputs": serialized}, {"outputs": scores}, "tensorflow/serving/regress")
    builder.add_session(sess, signatures={"c": c, "r": r, "v": (ins(), outs)},
        init_op=tf.group(tf.tables_initializer()))
    with builder:
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)


def returned(x, y):
    return tf.saved_model.predict_signature_def({"x": x}, {"y": y})
