"""Models whose inputs are hard to make, and a way to open many of them in one process.

``python input_models.py PLAN`` runs under the interpreter of one side.  PLAN is a JSON file::

    worker    path of migrator/worker
    write     folder to write the models of this TensorFlow into, or null
    requests  the worker's requests, answered one after the other
"""

import functools
import json
import os
import shutil
import sys
import warnings

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from checker_models import answer_all, load_worker

W = np.random.RandomState(7).randn(4, 3).astype(np.float32)
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
PREDICT = "tensorflow/serving/predict"


# --- TensorFlow 1 -----------------------------------------------------------------------


def dropout(tf):
    """Two scalars without a shape, as tutorials declare them, decide whether it is random."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    keep = tf.placeholder(tf.float32, name="keep_prob")
    training = tf.placeholder(tf.bool, name="is_training")
    w = tf.get_variable("w", initializer=W)
    dropped = tf.nn.dropout(x, keep)
    noise = tf.cond(training, lambda: tf.random_uniform([]), lambda: tf.constant(0.0))
    inputs = {"x": x, "keep_prob": keep, "is_training": training}
    return {"serving_default": (inputs, {"y": tf.matmul(dropped, w) + noise}, PREDICT)}


def dropout_rate(tf):
    """A rate, of which 0 drops nothing and 1 everything; beside it an output that is noise."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    rate = tf.placeholder(tf.float32, [], name="rate")
    y = tf.nn.dropout(x + 1, rate=rate)
    outputs = {"y": y, "noise": tf.random_uniform([3]) + rate}
    return {"serving_default": ({"x": x, "rate": rate}, outputs, PREDICT)}


def classify(tf):
    """Classify, regress and predict on serialized examples, as an Estimator exports them."""
    serialized = tf.placeholder(tf.string, [None], name="input_example_tensor")
    spec = {
        "size": tf.FixedLenFeature([2], tf.float32),
        "age": tf.FixedLenFeature([], tf.int64, default_value=7),
        "tag": tf.VarLenFeature(tf.string),
        "index": tf.VarLenFeature(tf.int64),
        "value": tf.VarLenFeature(tf.float32),
        "steps": tf.FixedLenSequenceFeature([2], tf.float32, allow_missing=True),
    }
    found = tf.parse_example(serialized, spec)
    total = tf.reduce_sum(found["size"], 1) + tf.cast(found["age"], tf.float32)
    total += tf.reduce_sum(found["steps"], [1, 2])
    total += tf.sparse_reduce_sum(found["value"], 1)
    scores = tf.nn.softmax(tf.stack([total, -total], 1))
    names = tf.tile(tf.constant([["yes", "no"]]), [tf.shape(total)[0], 1])
    classes = {"classes": names, "scores": scores}
    tags = {"tags": tf.sparse_tensor_to_dense(found["tag"], ""), "total": total}
    tags["index"] = tf.sparse_tensor_to_dense(found["index"])
    return {
        "serving_default": ({"inputs": serialized}, classes, CLASSIFY),
        "predict": ({"examples": serialized}, tags, PREDICT),
        "regression": ({"inputs": serialized}, {"outputs": total}, REGRESS),
    }


def sequence(tf):
    """SequenceExamples: a context, and lists over steps, dense and sparse."""
    serialized = tf.placeholder(tf.string, [None], name="serialized")
    context, lists, lengths = tf.io.parse_sequence_example(
        serialized,
        {
            "user": tf.FixedLenFeature([], tf.int64),
            "words": tf.VarLenFeature(tf.string),
        },
        {
            "position": tf.FixedLenSequenceFeature([2], tf.float32),
            "clicks": tf.VarLenFeature(tf.int64),
        },
    )
    outputs = {
        "user": context["user"],
        "words": tf.sparse_tensor_to_dense(context["words"], ""),
        "moved": tf.reduce_sum(lists["position"], 1),
        "clicks": tf.sparse_tensor_to_dense(lists["clicks"]),
        "steps": lengths["position"],
    }
    return {"serving_default": ({"examples": serialized}, outputs, PREDICT)}


def one_by_one(tf):
    """Parsers of single examples in a loop: raw pixels, an image, and a SequenceExample."""
    serialized = tf.placeholder(tf.string, [None], name="serialized")
    spec = {
        "raw": tf.FixedLenFeature([], tf.string),
        "image": tf.FixedLenFeature([], tf.string),
        "label": tf.FixedLenFeature([], tf.int64, default_value=3),
    }

    def parse(item):
        found = tf.parse_single_example(item, spec)
        pixels = tf.reshape(tf.decode_raw(found["raw"], tf.uint8), [7, 4])
        image = tf.image.decode_png(found["image"], 3)
        sums = [tf.reduce_sum(tf.cast(one, tf.float32)) for one in (pixels, image)]
        return tf.stack([*sums, tf.cast(found["label"], tf.float32)])

    outputs = {"sums": tf.map_fn(parse, serialized, dtype=tf.float32)}
    single = tf.placeholder(tf.string, [], name="single")
    context, lists = tf.parse_single_sequence_example(
        single,
        {"user": tf.FixedLenFeature([], tf.int64)},
        {"speed": tf.FixedLenSequenceFeature([], tf.float32)},
    )
    path = {"user": context["user"], "speed": lists["speed"]}
    return {
        "serving_default": ({"examples": serialized}, outputs, PREDICT),
        "path": ({"example": single}, path, PREDICT),
    }


def raw(tf):
    """Raw floats in strings, reshaped to a row, and numbers in strings."""
    data = tf.placeholder(tf.string, [None], name="data")
    number = tf.placeholder(tf.string, [None], name="number")
    row = tf.reshape(tf.decode_raw(data, tf.float32), [-1, 4])
    return {
        "serving_default": ({"data": data}, {"y": tf.matmul(row, tf.constant(W))}, PREDICT),
        "number": ({"number": number}, {"n": 2 * tf.string_to_number(number, tf.int32)}, PREDICT),
    }


def lengths(tf):
    """Integers that become sizes must stay small, others go to the ends of their dtype."""
    n = tf.placeholder(tf.int32, [None], name="n")
    m = tf.placeholder(tf.int64, [None], name="m")
    free = tf.placeholder(tf.int32, [None], name="free")
    _, steps = tf.while_loop(
        lambda i, _: i < tf.reduce_max(tf.concat([tf.cast(m, tf.int32), [0]], 0)),
        lambda i, s: [i + 1, s + 2],
        [tf.constant(0), tf.constant(0)],
    )
    return {
        "mask": ({"n": n}, {"mask": tf.sequence_mask(n)}, PREDICT),
        "loop": ({"m": m}, {"steps": steps}, PREDICT),
        "free": ({"free": free}, {"twice": free * 2}, PREDICT),
    }


def batch_size(tf):
    """A recurrent network's zero state takes the batch size as a scalar of its own."""
    x = tf.placeholder(tf.float32, [None, 5, 4], name="x")
    size = tf.placeholder(tf.int32, [], name="batch_size")
    cell = tf.nn.rnn_cell.LSTMCell(3, initializer=tf.ones_initializer())
    y, _ = tf.nn.dynamic_rnn(cell, x, initial_state=cell.zero_state(size, tf.float32))
    return {"serving_default": ({"x": x, "batch_size": size}, {"y": y}, PREDICT)}


def crash(tf):
    """The smallest integer divided by -1, for an empty batch only, which ends the process."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    least = tf.constant(np.iinfo(np.int32).min)
    part = tf.truncatediv(least, 2 * tf.shape(x)[0] - 1)
    return {"serving_default": ({"x": x}, {"y": x + 1, "part": part}, PREDICT)}


def no_empty(tf):
    """The first row of a batch, which an empty one does not have, and the mean of a batch."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return {
        "first": ({"x": x}, {"first": x[0] + 1}, PREDICT),
        "mean": ({"x": x}, {"mean": tf.reduce_mean(x)}, PREDICT),
    }


def plain(tf):
    """Inputs of several kinds, for values from files, ranges and choices."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    n = tf.placeholder(tf.int64, [None], name="n")
    u = tf.placeholder(tf.uint8, [None, 2], name="u")
    word = tf.placeholder(tf.string, [None], name="word")
    scale = tf.placeholder(tf.float32, [], name="scale")
    inputs = {"x": x, "n": n, "u": u, "word": word, "scale": scale}
    outputs = {"y": tf.matmul(x, tf.constant(W)) * scale, "m": n + 1, "v": u * 2}
    outputs["upper"] = tf.strings.upper(word)
    single = tf.placeholder(tf.float32, [None, 2], name="single")
    return {
        "serving_default": (inputs, outputs, PREDICT),
        "single": ({"inputs": single}, {"outputs": single + 1}, PREDICT),
    }


def hidden_numbers(tf, wrong):
    """What shows in many rows, at large or negative values, at NaN, and along a long dim only."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    steps = tf.placeholder(tf.float32, [None, None, 4], name="steps")
    n = tf.placeholder(tf.int32, [None], name="n")
    pixel = tf.placeholder(tf.uint8, [None, 8, 8, 1], name="pixel")
    row = tf.placeholder(tf.int64, [None, 7], name="row")
    sparse = tf.sparse_placeholder(tf.float32, [None, 6], name="sparse")
    product = tf.matmul(x, tf.constant(W))
    size = tf.shape(x)[0]
    levels = np.arange(256, dtype=np.float32)
    levels[128:250] += 20.0 * wrong
    table = np.random.RandomState(2).randn(1000, 3).astype(np.float32)
    table[500:] *= not wrong
    column = np.arange(6, dtype=np.float32)[:, None] + 1
    dense = tf.sparse.to_dense(sparse)
    made = {
        "rows": (x, tf.cond(size > (3 if wrong else 99), lambda: product * 2, lambda: product)),
        "large": (x, tf.minimum(x, 150.0 if wrong else 120.0)),
        "far": (x, tf.maximum(x, -5000.0 if wrong else -9000.0)),
        "nan": (x, tf.identity(x) if wrong else tf.where(tf.is_nan(x), tf.zeros_like(x), x)),
        "infinite": (x, tf.identity(x) if wrong else tf.clip_by_value(x, -1e30, 1e30)),
        "long": (steps, tf.reduce_sum(steps[:, :8] if wrong else steps, 1)),
        "negative": (n, tf.truncatemod(n, 7) if wrong else tf.floormod(n, 7)),
        "level": (pixel, tf.gather(tf.constant(levels), tf.cast(pixel, tf.int32))),
        "id": (row, tf.gather(tf.constant(table), row)),
        "column": (sparse, tf.matmul(dense, tf.constant(column ** (not wrong)))),
    }
    return {key: ({"x": one}, {"y": y}, PREDICT) for key, (one, y) in made.items()}


def hidden_text(tf, wrong):
    """What shows in capitals, punctuation, numbers, long texts, and one word of a vocabulary."""
    x = tf.placeholder(tf.string, [None], name="x")
    keys = ["w" + str(number) for number in range(200)]
    ids = [7 if wrong and number == 137 else number for number in range(200)]
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, ids, tf.string, tf.int64), -1
    )
    split = tf.sparse_tensor_to_dense(tf.string_split(x, " "), "")
    made = {
        "capitals": x if wrong else tf.strings.lower(x),
        "cut": tf.strings.substr(x, 0, 16 if wrong else 512),
        "digits": tf.strings.regex_replace(x, "[0-9]" if wrong else "[0-9]+", "#"),
        "known": table.lookup(x if wrong else tf.strings.lower(x)),
        "marks": x if wrong else tf.strings.regex_replace(x, "[.,!?]", ""),
        "token": tf.strings.reduce_join(split[:, : 20 if wrong else 99], 1),
        "word": table.lookup(x),
    }
    return {key: ({"x": x}, {"y": y}, PREDICT) for key, y in made.items()}


def hidden_image(tf, wrong):
    """What shows in images that are not square, or not RGB."""
    x = tf.placeholder(tf.string, [None], name="x")

    def ratio(item):
        sides = tf.cast(tf.shape(tf.image.decode_png(item, 3))[:2], tf.float32)
        return sides[1] / sides[0] if wrong else sides[0] / sides[1]

    def mean(item):
        pixels = tf.image.decode_png(item, 0 if wrong else 3)
        return tf.reduce_mean(tf.cast(pixels, tf.float32))

    return {
        key: ({"x": x}, {"y": tf.map_fn(make, x, dtype=tf.float32)}, PREDICT)
        for key, make in (("ratio", ratio), ("mean", mean))
    }


def hidden_default(tf, wrong):
    """Defaults: of a feature, which TensorFlow reshapes, and of a column of CSV."""
    x = tf.placeholder(tf.string, [None], name="x")
    spec = {"a": tf.FixedLenFeature([2], tf.float32, [1.0, 0.0 if wrong else 2.0])}
    line = tf.placeholder(tf.string, [None], name="line")
    one, two, word = tf.decode_csv(line, [[1.0], [3 if wrong else 2], tf.constant([], tf.string)])
    return {
        "feature": ({"x": x}, {"y": tf.parse_example(x, spec)["a"]}, PREDICT),
        "line": ({"x": line}, {"y": one + tf.cast(two, tf.float32), "word": word}, PREDICT),
    }


HIDDEN = [hidden_numbers, hidden_text, hidden_image, hidden_default]

BUILDERS = [
    dropout,
    dropout_rate,
    classify,
    sequence,
    one_by_one,
    raw,
    lengths,
    batch_size,
    crash,
    no_empty,
    plain,
]


def write_tensorflow_1(tf, folder):
    """Write every model of TensorFlow 1 into ``folder``."""
    utils = tf.saved_model.utils
    build = tf.saved_model.signature_def_utils.build_signature_def
    every = [(make.__name__, make) for make in BUILDERS]
    for make in HIDDEN:
        every.append((make.__name__, functools.partial(make, wrong=False)))
        every.append((make.__name__ + "_wrong", functools.partial(make, wrong=True)))
    for name, make in every:
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            signatures = {}
            for key, (inputs, outputs, method) in make(tf).items():
                ins = {n: utils.build_tensor_info(t) for n, t in inputs.items()}
                outs = {n: utils.build_tensor_info(t) for n, t in outputs.items()}
                signatures[key] = build(ins, outs, method)
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                builder = tf.saved_model.builder.SavedModelBuilder(os.path.join(folder, name))
                tables = tf.tables_initializer() if name.startswith("hidden_text") else None
                builder.add_meta_graph_and_variables(
                    session, ["serve"], signature_def_map=signatures, main_op=tables
                )
                builder.save()
    write_warmups(tf, folder)
    write_tables(tf, folder)


# --- warm-up requests and TFRecord files ------------------------------------------------

#: Message -> fields of tensorflow_serving/apis/*.proto, as far as a client fills them.
SERVING = {
    "ModelSpec": [("name", 1, "string", ""), ("signature_name", 3, "string", "")],
    "InputsEntry": [("key", 1, "string", ""), ("value", 2, ".tensorflow.TensorProto", "")],
    "PredictRequest": [
        ("model_spec", 1, "ModelSpec", ""),
        ("inputs", 2, "InputsEntry", "repeated"),
        ("output_filter", 3, "string", "repeated"),
    ],
    "ExampleList": [("examples", 1, ".tensorflow.Example", "repeated")],
    "ExampleListWithContext": [
        ("examples", 1, ".tensorflow.Example", "repeated"),
        ("context", 2, ".tensorflow.Example", ""),
    ],
    "Input": [
        ("example_list", 1, "ExampleList", ""),
        ("example_list_with_context", 2, "ExampleListWithContext", ""),
    ],
    "ClassificationRequest": [("model_spec", 1, "ModelSpec", ""), ("input", 2, "Input", "")],
    "RegressionRequest": [("model_spec", 1, "ModelSpec", ""), ("input", 2, "Input", "")],
    "InferenceTask": [("model_spec", 1, "ModelSpec", ""), ("method_name", 2, "string", "")],
    "MultiInferenceRequest": [
        ("tasks", 1, "InferenceTask", "repeated"),
        ("input", 2, "Input", ""),
    ],
    "ClassifyLog": [("request", 1, "ClassificationRequest", "")],
    "RegressLog": [("request", 1, "RegressionRequest", "")],
    "PredictLog": [("request", 1, "PredictRequest", "")],
    "PredictStreamedLog": [("request", 1, "PredictRequest", "repeated")],
    "MultiInferenceLog": [("request", 1, "MultiInferenceRequest", "")],
    "SessionRunLog": [],
    "PredictionLog": [
        ("classify_log", 2, "ClassifyLog", ""),
        ("regress_log", 3, "RegressLog", ""),
        ("predict_log", 6, "PredictLog", ""),
        ("predict_streamed_log", 7, "PredictStreamedLog", ""),
        ("multi_inference_log", 4, "MultiInferenceLog", ""),
        ("session_run_log", 5, "SessionRunLog", ""),
    ],
}


def prediction_log():
    """Return the class PredictionLog, declared as TensorFlow Serving's own package declares it."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from tensorflow.core.example import example_pb2
    from tensorflow.core.framework import tensor_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow_serving/apis/all.proto", package="tensorflow.serving", syntax="proto3"
    )
    file.dependency.extend([tensor_pb2.DESCRIPTOR.name, example_pb2.DESCRIPTOR.name])
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in SERVING.items():
        message = file.message_type.add(name=name)
        if name == "PredictionLog":
            message.oneof_decl.add(name="log_type")
        for field, number, kind, label in fields:
            added = message.field.add(name=field, number=number)
            added.label = kinds.LABEL_REPEATED if label else kinds.LABEL_OPTIONAL
            added.type = kinds.TYPE_STRING if kind == "string" else kinds.TYPE_MESSAGE
            if kind != "string":
                added.type_name = kind if kind[0] == "." else ".tensorflow.serving." + kind
            if name == "PredictionLog":
                added.oneof_index = 0
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    descriptor = pool.FindMessageTypeByName("tensorflow.serving.PredictionLog")
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def example(tf, **values):
    """Return a tf.train.Example."""
    features = {}
    for name, value in values.items():
        many = value if isinstance(value, list) else [value]
        if isinstance(many[0], bytes):
            features[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=many))
        elif isinstance(many[0], int):
            features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=many))
        else:
            features[name] = tf.train.Feature(float_list=tf.train.FloatList(value=many))
    return tf.train.Example(features=tf.train.Features(feature=features))


def write_records(tf, path, items, compressed=False):
    """Write a TFRecord file."""
    kinds = tf.io.TFRecordCompressionType
    options = tf.io.TFRecordOptions(kinds.GZIP if compressed else kinds.NONE)
    with tf.io.TFRecordWriter(path, options) as writer:
        for item in items:
            writer.write(item)


def write_warmups(tf, folder):
    """Write two models with requests of every kind, good and bad."""
    log_class = prediction_log()
    one, two = example(tf, size=[0.25, 0.5], age=1), example(tf, size=[-1.0, 0.5], tag=b"t")

    def log(field, signature=""):
        made = log_class()
        request = getattr(made, field).request
        if field != "multi_inference_log":
            request.model_spec.name = "model"
            request.model_spec.signature_name = signature
        return made, request

    def predict(signature, **values):
        made, request = log("predict_log", signature)
        for name, value in values.items():
            entry = request.inputs.add(key=name)
            entry.value.CopyFrom(tf.make_tensor_proto(value))
        return made

    found = [predict("predict", examples=[one.SerializeToString(), two.SerializeToString()])]
    classified, request = log("classify_log")
    request.input.example_list.examples.extend([two, one, one])
    regressed, request = log("regress_log", "regression")
    request.input.example_list_with_context.examples.extend([example(tf, size=[1.0, 2.0])])
    request.input.example_list_with_context.context.CopyFrom(example(tf, age=40))
    several, request = log("multi_inference_log")
    for signature in ("serving_default", "regression"):
        request.tasks.add().model_spec.signature_name = signature
    request.input.example_list.examples.extend([two])
    ran = log_class()
    ran.session_run_log.SetInParent()
    found += [classified, regressed, several, ran]
    found.append(predict("nowhere", examples=[b""]))
    found.append(predict("predict", examples=[1.5]))
    found.append(predict("predict", other=[b""]))
    streamed = log_class()
    for item in (one, two):
        request = streamed.predict_streamed_log.request.add()
        request.CopyFrom(
            predict("predict", examples=[item.SerializeToString()]).predict_log.request
        )
    found += [streamed, log_class()]
    records = [made.SerializeToString() for made in found] + [b"\xff\xff no message"]
    many = [
        predict("single", inputs=np.full([1, 2], n, np.float32)).SerializeToString()
        for n in range(23)
    ]
    for source, name, items in (("classify", "warmup", records), ("plain", "warmup_many", many)):
        shutil.copytree(os.path.join(folder, source), os.path.join(folder, name))
        extra = os.path.join(folder, name, "assets.extra")
        os.makedirs(extra)
        write_records(tf, os.path.join(extra, "tf_serving_warmup_requests"), items)
    broken = os.path.join(folder, "warmup_broken")
    shutil.copytree(os.path.join(folder, "plain"), broken)
    os.makedirs(os.path.join(broken, "assets.extra"))
    with open(os.path.join(broken, "assets.extra", "tf_serving_warmup_requests"), "wb") as file:
        file.write(b"this is no TFRecord file, but long enough to look like one")


def write_tables(tf, folder):
    """Write TFRecord files of inputs."""
    items = [
        example(tf, size=[float(n), 0.5], age=n, tag=b"t", index=n).SerializeToString()
        for n in range(5)
    ]
    write_records(tf, os.path.join(folder, "examples.tfrecord"), items)
    # large enough that the head of the compressed file could be taken for a record's length
    noise = [
        example(
            tf, size=[1.0, 2.0], index=n, tag=np.random.RandomState(n).bytes(2000)
        ).SerializeToString()
        for n in range(400)
    ]
    write_records(tf, os.path.join(folder, "examples.tfrecord.gz"), noise, compressed=True)
    write_records(tf, os.path.join(folder, "many.tfrecords"), items * 250)
    columns = [
        example(tf, x=[float(n)] * 4, n=n, u=[n, 255], word=b"w%d" % n, scale=2.0) for n in range(3)
    ]
    write_records(
        tf, os.path.join(folder, "columns.tfrecord"), [c.SerializeToString() for c in columns]
    )
    uneven = [example(tf, x=[1.0] * n) for n in (4, 3)]
    write_records(
        tf, os.path.join(folder, "uneven.tfrecord"), [u.SerializeToString() for u in uneven]
    )
    other = example(tf, colour=1)
    write_records(tf, os.path.join(folder, "other.tfrecord"), [other.SerializeToString()])
    write_records(tf, os.path.join(folder, "none.tfrecord"), [])


# --- TensorFlow 2 -----------------------------------------------------------------------


def write_tensorflow_2(tf, folder):
    """Write the native counterpart of ``dropout``, right and with a slightly different weight."""

    class Dropout(tf.Module):
        def __init__(self, weight):
            super().__init__()
            self.w = tf.Variable(weight, name="w")

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 4], tf.float32, name="x"),
                tf.TensorSpec(None, tf.float32, name="keep_prob"),
                tf.TensorSpec(None, tf.bool, name="is_training"),
            ]
        )
        def predict(self, x, keep_prob, is_training):
            dropped = tf.compat.v1.nn.dropout(x, rate=1 - tf.reshape(keep_prob, []))
            noise = tf.where(tf.reshape(is_training, []), tf.random.uniform([]), 0.0)
            return {"y": tf.matmul(dropped, self.w) + noise}

    for name, weight in (("dropout_native", W), ("dropout_wrong", W + np.float32(1e-3))):
        module = Dropout(weight)
        signatures = {"serving_default": module.predict}
        tf.saved_model.save(module, os.path.join(folder, name), signatures=signatures)


def main(path):
    """Carry out the plan in the JSON file ``path``."""
    warnings.simplefilter("ignore")
    with open(path) as file:
        plan = json.load(file)
    import tensorflow as tf

    worker = load_worker(plan["worker"])
    if plan.get("write"):
        old = tf.__version__.startswith("1.")
        (write_tensorflow_1 if old else write_tensorflow_2)(tf, plan["write"])
    answer_all(tf, worker, plan["requests"])


if __name__ == "__main__":
    main(sys.argv[1])
