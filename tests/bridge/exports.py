"""SavedModel scenarios: the builder of 1.15 against the bridge's SessionModule.

Each saves one model and returns what the session says before, and what the v1 session loader
(and, on TensorFlow 2, ``tf.saved_model.load``) says after.
"""

# ruff: noqa: UP031, B905  (Python 3.7 and TensorFlow 1.15 run it too)

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from google.protobuf import json_format

import __main__ as scenarios

tf, KIND, scenario = scenarios.tf, scenarios.KIND, scenarios.scenario
started, error_of = scenarios.started, scenarios.error_of
PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def info(value):
    """Return a TensorInfo of a tensor, or the proto given."""
    if isinstance(value, tf.TensorInfo):
        return value
    return tf.saved_model.utils.build_tensor_info(value)


def save(session, path, signatures, tags=("serve",), assets=None, init_op=None):
    """Save as each side does it."""
    if KIND == "tf1":
        builder = tf.saved_model.builder.SavedModelBuilder(path)
        protos = {}
        for key, value in signatures.items():
            if isinstance(value, tuple):
                inputs, outputs = [
                    {k: info(v) for k, v in d.items() if v is not None} for d in value[:2]
                ]
                method = value[2] if len(value) > 2 else PREDICT
                value = tf.saved_model.build_signature_def(inputs, outputs, method)
            protos[key] = value
        builder.add_meta_graph_and_variables(
            session, list(tags), protos, assets_collection=assets, main_op=init_op
        )
        builder.save()
        return
    module = scenarios.SessionModule(path)
    module.add_session(session, signatures, tags=tags, assets=assets, init_op=init_op)
    with module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)


def contract(path):
    """Return tags, signatures and asset files of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    with open(path + "/saved_model.pb", "rb") as stream:
        proto = saved_model_pb2.SavedModel.FromString(stream.read())
    (meta,) = proto.meta_graphs
    signatures = {
        key: json_format.MessageToDict(value)
        for key, value in meta.signature_def.items()
        if not key.startswith("__")
    }
    assets = {}
    if os.path.isdir(path + "/assets"):
        for name in os.listdir(path + "/assets"):
            with open(os.path.join(path, "assets", name)) as stream:
                assets[name] = stream.read()
    return {"tags": sorted(meta.meta_info_def.tags), "signatures": signatures, "assets": assets}


def served(path, feeds, tags=("serve",)):
    """Return what the v1 session loader computes, fed and fetched by signature.

    Args:
        path: the SavedModel.
        feeds: signature key -> input name -> value.
        tags: the tag set.
    """
    result = {}
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, list(tags), path)
        for key, values in feeds.items():
            signature = meta.signature_def[key]
            feed = {}
            for name, value in values.items():
                proto = signature.inputs[name]
                if proto.WhichOneof("encoding") == "coo_sparse":
                    coo = proto.coo_sparse
                    feed[coo.indices_tensor_name] = value[0]
                    feed[coo.values_tensor_name] = value[1]
                    feed[coo.dense_shape_tensor_name] = value[2]
                else:
                    feed[proto.name] = value
            for name, proto in signature.outputs.items():
                if proto.WhichOneof("encoding") == "coo_sparse":
                    coo = proto.coo_sparse
                    fetch = [
                        coo.indices_tensor_name,
                        coo.values_tensor_name,
                        coo.dense_shape_tensor_name,
                    ]
                else:
                    fetch = proto.name
                result[key + "/" + name] = session.run(fetch, feed)
    return result


def by_names(path, fetches, feeds):
    """Return what a client gets that knows the tensors by name."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.saved_model.loader.load(session, ["serve"], path)
        return session.run(fetches, feeds)


def loaded(path, feeds):
    """Return what ``tf.saved_model.load`` computes, as ``served`` names it; TensorFlow 2 only."""
    import tensorflow as tf2

    def call():
        model = tf2.saved_model.load(path)
        made = {}
        for key, values in feeds.items():
            function = model.signatures[key]
            (_, specs) = function.structured_input_signature
            arguments = {n: tf2.constant(v, specs[n].dtype) for n, v in values.items()}
            for name, value in function(**arguments).items():
                made[key + "/" + name] = value
        return model, made

    if tf2.executing_eagerly():
        with tf2.init_scope():
            _, made = call()
            return {name: value.numpy() for name, value in made.items()}
    # Where the program disabled eager execution, this is a graph like any other.
    with tf.Graph().as_default(), tf.Session() as session:
        _, made = call()
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        session.run(tf.get_collection("saved_model_initializers"))
        return session.run(made)


def everything(session, path, signatures, feeds, python_names=None, **options):
    """Save, and return contract and results of each loader; the session's own come first."""
    mine = {}
    for key, values in feeds.items():
        inputs, outputs = signatures[key][:2]
        feed = {inputs[name]: value for name, value in values.items()}
        for name, tensor in outputs.items():
            if tensor is not None:
                mine[key + "/" + name] = session.run(tensor, feed)
    save(session, path, signatures, **options)
    tags = options.get("tags", ("serve",))
    seen = {"contract": contract(path), "session": mine, "served": served(path, feeds, tags)}
    if KIND == "graph" and python_names is not False:
        renamed = python_names or {}
        feeds = {k: {renamed.get(n, n): v for n, v in d.items()} for k, d in feeds.items()}
        seen["loaded"] = loaded(path, feeds)
    return seen


def weights(shape, scale=0.1):
    """Return known float32 weights."""
    size = int(np.prod(shape))
    return (np.arange(size, dtype="float32").reshape(shape) - size / 2) * scale


X = np.float32([[1, 2, 3], [-1, 0, 0.5]])


@scenario
def fed_variable(folder):
    """A reference variable among the inputs is fed, also where the graph orders nodes by it."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", initializer=[[1.0], [2.0]], use_resource=False)
    with tf.control_dependencies([w.op]):
        y = tf.matmul(x, w, name="y")
    fed, plain = ({"x": x, "w": w}, {"y": y, "same": w}), ({"x": x}, {"y": y})
    session = started()
    save(session, folder + "/one", {"fed": fed})
    save(session, folder + "/two", {"fed": fed, "plain": plain})
    feeds = {"fed": {"x": [[1.0, 1.0]], "w": [[5.0], [5.0]]}}
    found = contract(folder + "/one")["signatures"]["fed"]
    names = [found[side][name]["name"] for side, name in (("inputs", "w"), ("outputs", "same"))]
    seen = [names, served(folder + "/one", feeds)]
    feeds["plain"] = {"x": [[1.0, 1.0]]}
    return [*seen, served(folder + "/two", feeds)]


@scenario
def dense_model(folder):
    """Reference and resource variables, two outputs, keep_prob with a default."""
    x = tf.placeholder(tf.float32, [None, 3], name="images")
    keep = tf.placeholder_with_default(1.0, [], name="keep_prob")
    w = tf.get_variable("net/w", initializer=weights([3, 2]))
    b = tf.get_variable("net/b", initializer=np.float32([1, 2]), use_resource=True)
    logits = tf.add(tf.matmul(x, w) * keep, b, name="logits")
    scores = tf.nn.softmax(logits, name="scores")
    tf.get_variable("unused", initializer=3.0)
    session = started()
    seen = everything(
        session,
        folder + "/m",
        {"serving_default": ({"images": x}, {"scores": scores, "logits": logits})},
        {"serving_default": {"images": X}},
    )
    names = ["scores:0", "logits:0"]
    seen["by_names"] = by_names(folder + "/m", names, {"images:0": X})
    return seen


@scenario
def odd_keys(folder):
    """Keys that are no Python names; a key that is a tensor's name."""
    keys = ["input/x", "1x", "dense_input:0", "in", "a-b", "a_b", "X", "ß/ü", "_x/y"]
    inputs = {k: tf.placeholder(tf.float32, [], name="p%d" % i) for i, k in enumerate(keys)}
    total = tf.add_n([inputs[k] * float(i + 1) for i, k in enumerate(keys)], name="total")
    outputs = {"out/y:0": total, "2": total * 2, "in": total + 1}
    values = {k: np.float32(i * i + 1) for i, k in enumerate(keys)}
    python = {"input/x": "input_x", "1x": "arg_1x", "dense_input:0": "dense_input_0"}
    python.update({"in": "arg_in", "a-b": "a_b_1", "ß/ü": "arg____", "_x/y": "arg__x_y"})
    return everything(
        started(), folder + "/m", {"a/key": (inputs, outputs)}, {"a/key": values}, python
    )


@scenario
def two_signatures(folder):
    """Signatures that share placeholders, outputs and variables."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    s = tf.placeholder(tf.float32, [], name="s")
    w = tf.get_variable("w", initializer=weights([3, 2]))
    y = tf.matmul(x, w, name="y")
    z = tf.multiply(y, s, name="z")
    seen = everything(
        started(),
        folder + "/m",
        {"one": ({"x": x}, {"y": y}), "two": ({"a": x, "b": s}, {"y": y, "z": z}, "my/method")},
        {"one": {"x": X}, "two": {"a": X, "b": np.float32(3)}},
    )
    seen["by_names"] = by_names(folder + "/m", ["y:0", "z:0"], {"x:0": X, "s:0": 2.0})
    return seen


@scenario
def tables_and_assets(folder):
    """Vocabulary tables, in and out of vocabulary; the vocabulary file is an asset."""
    with open(folder + "/vocab.txt", "w") as stream:
        stream.write("red\ngreen\nblue\n")
    name = tf.constant(folder + "/vocab.txt")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, name)
    words = tf.placeholder(tf.string, [None], name="words")
    if KIND == "tf1":
        forward = tf.contrib.lookup.index_table_from_file(name, num_oov_buckets=2, default_value=-1)
        back = tf.contrib.lookup.index_to_string_table_from_tensor(["r", "g"], default_value="?")
    else:
        forward = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                name,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            2,
        )
        back = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([0, 1], tf.int64), tf.constant(["r", "g"])
            ),
            "?",
        )
    ids = tf.identity(forward.lookup(words), name="ids")
    letters = tf.identity(back.lookup(ids), name="letters")
    given = np.array(["red", "blue", "pink", "", "green"])
    return everything(
        started(),
        folder + "/m",
        {"serving_default": ({"words": words}, {"ids": ids, "letters": letters})},
        {"serving_default": {"words": given}},
        assets=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
        init_op=tf.tables_initializer(),
    )


@scenario
def tables_not_initialized_here(folder):
    """The exporting session never ran the table's initializer; main_op would have."""
    words = tf.placeholder(tf.string, [None], name="words")
    if KIND == "tf1":
        table = tf.contrib.lookup.index_table_from_tensor(["a", "b"], default_value=-1)
    else:
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(["a", "b"]), tf.constant([0, 1], tf.int64)
            ),
            -1,
        )
    ids = tf.identity(table.lookup(words), name="ids")
    save(
        tf.Session(),
        folder + "/m",
        {"serving_default": ({"words": words}, {"ids": ids})},
        init_op=tf.group(tf.tables_initializer(), tf.no_op()),
    )
    return served(folder + "/m", {"serving_default": {"words": ["b", "zz"]}})


@scenario
def loops_and_branches(folder):
    """while_loop, cond and map_fn over variables."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    n = tf.placeholder(tf.int32, [], name="n")
    w = tf.get_variable("w", initializer=weights([3, 3]))
    v = tf.get_variable("v", initializer=weights([3], 0.3), use_resource=True)
    _, looped = tf.while_loop(
        lambda i, _: i < n, lambda i, a: (i + 1, tf.matmul(a, w) + v), [tf.constant(0), x]
    )
    branch = tf.cond(n > 1, lambda: looped + w[0], lambda: looped * v)
    mapped = tf.map_fn(lambda row: tf.reduce_sum(row * v) + w[0, 0], branch)
    outputs = {"looped": looped, "branch": branch, "mapped": tf.identity(mapped, name="mapped")}
    return everything(
        started(),
        folder + "/m",
        {"serving_default": ({"x": x, "n": n}, outputs)},
        {"serving_default": {"x": X, "n": np.int32(2)}},
    )


@scenario
def recurrent(folder):
    """dynamic_rnn over an embedding, with sequence lengths."""
    ids = tf.placeholder(tf.int32, [None, 4], name="ids")
    length = tf.placeholder(tf.int32, [None], name="length")
    table = tf.get_variable("embedding", initializer=weights([5, 3]))
    cell = tf.nn.rnn_cell.LSTMCell(2, initializer=tf.constant_initializer(0.2))
    outputs, state = tf.nn.dynamic_rnn(
        cell, tf.nn.embedding_lookup(table, ids), length, dtype=tf.float32
    )
    return everything(
        started(),
        folder + "/m",
        {"serving_default": ({"ids": ids, "length": length}, {"o": outputs, "h": state.h})},
        {
            "serving_default": {
                "ids": np.int32([[1, 2, 3, 0], [4, 0, 0, 0]]),
                "length": np.int32([3, 1]),
            }
        },
    )


@scenario
def layers(folder):
    """tf.layers with batch normalisation in inference mode."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 1], name="x")
    initial = tf.constant_initializer(0.3)
    y = tf.layers.conv2d(x, 2, 3, kernel_initializer=initial, name="conv")
    y = tf.layers.batch_normalization(y, training=False, name="bn")
    y = tf.layers.dense(tf.layers.flatten(y), 3, kernel_initializer=initial)
    given = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    return everything(
        started(),
        folder + "/m",
        {"serving_default": ({"x": x}, {"y": y})},
        {"serving_default": {"x": given}},
    )


@scenario
def keras_model(folder):
    """A Keras model's session, with the keys that such code uses: tensor names."""
    keras = tf.keras
    model = keras.Sequential(
        [
            keras.layers.Dense(
                3, "relu", kernel_initializer=keras.initializers.Constant(0.5), input_shape=(4,)
            ),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.25)),
        ]
    )
    session = keras.backend.get_session()
    session.run(tf.global_variables_initializer())
    path = folder + "/m"
    outputs = {t.name: t for t in model.outputs}
    signatures = {"serving_default": ({"input_image": model.input}, outputs)}
    with session.graph.as_default():
        save(session, path, signatures)
    given = np.arange(4, dtype="float32").reshape(1, 4)
    mine = session.run(model.outputs[0], {model.input: given})
    return [list(served(path, {"serving_default": {"input_image": given}}).values()), mine]


@scenario
def strings_and_examples(folder):
    """Serialized tf.Examples parsed in the graph; classify and regress signatures."""
    serialized = tf.placeholder(tf.string, [None], name="tf_example")
    parsed = tf.parse_example(
        serialized,
        {"v": tf.FixedLenFeature([2], tf.float32), "s": tf.VarLenFeature(tf.string)},
    )
    w = tf.get_variable("w", initializer=weights([2, 2]))
    scores = tf.matmul(parsed["v"], w)
    classes = tf.as_string(tf.argmax(scores, 1))
    first = tf.sparse_tensor_to_dense(parsed["s"], default_value="-")
    example = tf.train.Example()
    example.features.feature["v"].float_list.value.extend([1, 2])
    example.features.feature["s"].bytes_list.value.extend([b"p", b"q"])
    given = np.array([example.SerializeToString()], dtype=object)
    return everything(
        started(),
        folder + "/m",
        {
            "c": ({"inputs": serialized}, {"classes": classes, "scores": scores}, CLASSIFY),
            "r": ({"inputs": serialized}, {"outputs": scores[:, 0]}, REGRESS),
            "p": ({"e": serialized}, {"first": first, "none": None}),
        },
        {"c": {"inputs": given}, "r": {"inputs": given}, "p": {"e": given}},
    )


@scenario
def sparse(folder):
    """Sparse inputs and outputs."""
    x = tf.sparse_placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=weights([3, 2]))
    y = tf.sparse_tensor_dense_matmul(x, w)
    doubled = tf.SparseTensor(x.indices, x.values * 2, x.dense_shape)
    value = (np.int64([[0, 1], [1, 2]]), np.float32([2, 3]), np.int64([2, 3]))
    session = started()
    save(session, folder + "/m", {"s": ({"x": x}, {"y": y, "d": doubled})})
    seen = {
        "contract": contract(folder + "/m"),
        "served": served(folder + "/m", {"s": {"x": value}}),
    }
    if KIND == "graph":
        flat = dict(zip(("x", "x_1", "x_2"), value))
        seen["flat"] = loaded(folder + "/m", {"s": flat})
    return seen


@scenario
def shapes_and_dtypes(folder):
    """Unknown rank, scalars, ints, bools, doubles, strings; unused inputs."""
    a = tf.placeholder(tf.float32, name="a")
    b = tf.placeholder(tf.int64, [], name="b")
    c = tf.placeholder(tf.bool, [2], name="c")
    d = tf.placeholder(tf.float64, [None, None, 1], name="d")
    e = tf.placeholder(tf.string, [], name="e")
    f = tf.placeholder(tf.float32, [3], name="not_used")
    outputs = {
        "a": a * 2,
        "b": b + 1,
        "c": tf.logical_not(c),
        "d": tf.reduce_sum(d),
        "e": tf.string_join([e, "!"]),
    }
    values = {"a": X, "b": np.int64(2), "c": np.array([True, False])}
    values.update({"d": np.ones([2, 2, 1]), "e": np.array("hi"), "f": np.float32([1, 2, 3])})
    inputs = {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f}
    return everything(started(), folder + "/m", {"k": (inputs, outputs)}, {"k": values})


@scenario
def inputs_that_are_not_placeholders(folder):
    """An intermediate input, an input that is an output, one tensor under two keys."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    middle = tf.add(x, 1.0, name="middle")
    w = tf.get_variable("w", initializer=weights([3, 2]))
    y = tf.matmul(middle, w, name="y")
    seen = everything(
        started(),
        folder + "/m",
        {
            "middle": ({"m": middle}, {"y": y}),
            "same": ({"x": x}, {"x": x, "y": y}),
            "twice": ({"p": x}, {"q": y, "r": y}),
        },
        {"middle": {"m": X}, "same": {"x": X}, "twice": {"p": X}},
    )
    save(started(), folder + "/n", {"two": ({"p": x, "q": x}, {"y": y})})
    seen["two"] = [contract(folder + "/n"), served(folder + "/n", {"two": {"p": X, "q": X}})]
    return seen


@scenario
def second_outputs(folder):
    """Outputs that are not the first output of their operation; a variable as output."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    left, right = tf.split(x, 2, 1, name="split")
    w = tf.get_variable("w", initializer=weights([2, 2]))
    v = tf.get_variable("v", initializer=weights([2]), use_resource=True)
    given = np.arange(8, dtype="float32").reshape(2, 4)
    outputs = {"right": right, "y": tf.matmul(left, w), "w": tf.identity(w), "v": tf.identity(v)}
    session = started()
    save(session, folder + "/m", {"k": ({"x": x}, outputs)})
    seen = served(folder + "/m", {"k": {"x": given}})
    save(session, folder + "/n", {"k": ({"x": x}, {"left": left, "w": w})})
    return [seen, served(folder + "/n", {"k": {"x": given}})]


@scenario
def protos(folder):
    """TensorInfo and SignatureDef protos, shapes in them kept; no inputs; a custom tag."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.multiply(x, 2.0, name="y")
    proto = info(x)
    proto.tensor_shape.dim[0].size = 7
    whole = tf.saved_model.build_signature_def({"a": proto}, {"b": info(y)}, "m")
    constant = tf.saved_model.build_signature_def(
        {}, {"c": info(tf.constant(4.0, name="four"))}, PREDICT
    )
    signatures = {"t": ({"a": proto}, {"b": y}), "w": whole, "c": constant}
    save(started(), folder + "/m", signatures, tags=("serve", "gpu"))
    feeds = {"t": {"a": X}, "w": {"a": X}, "c": {}}
    return [contract(folder + "/m"), served(folder + "/m", feeds, ("serve", "gpu"))]


@scenario
def partitioned_embedding(folder):
    """A partitioned variable behind an embedding lookup."""
    ids = tf.placeholder(tf.int64, [None], name="ids")
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        table = tf.get_variable("w", initializer=tf.constant(weights([5, 2])))
    y = tf.nn.embedding_lookup(table, ids, partition_strategy="div")
    return everything(
        started(),
        folder + "/m",
        {"k": ({"ids": ids}, {"y": y})},
        {"k": {"ids": np.int64([4, 0, 2])}},
    )


@scenario
def functions_in_the_graph(folder):
    """Functions that the graph calls."""
    from tensorflow.python.framework import function

    @function.Defun(tf.float32)
    def twice(value):
        return value * 2.0

    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=weights([3, 2]))
    y = tf.matmul(twice(x), w, name="y")
    return everything(started(), folder + "/m", {"k": ({"x": x}, {"y": y})}, {"k": {"x": X}})


@scenario
def simple_save(folder):
    """The one-call form, with a legacy_init_op that does nothing."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=weights([3, 2]))
    y = tf.matmul(x, w, name="y")
    session = started()
    path = folder + "/m"
    if KIND == "tf1":
        tf.saved_model.simple_save(session, path, {"x": x}, {"y": y}, tf.no_op())
    else:
        with scenarios.session_module(session, path, {"x": x}, {"y": y}, tf.no_op()) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    return [contract(path), served(path, {"serving_default": {"x": X}})]


@scenario
def counting(folder):
    """An output that changes a resource variable changes it in the served model too."""
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", initializer=2.0, use_resource=True)
    with tf.control_dependencies([tf.assign_add(w, x)]):
        y = tf.multiply(w.read_value(), 10.0, name="y")
    session = started()
    save(session, folder + "/m", {"k": ({"x": x}, {"y": y})})
    with tf.Graph().as_default(), tf.Session() as fresh:
        tf.saved_model.loader.load(fresh, ["serve"], folder + "/m")
        return [fresh.run("y:0", {"x:0": 1.0}) for _ in range(3)]


@scenario
def equal_asset_names(folder):
    """Assets of one base name are kept apart when their contents differ."""
    x = tf.placeholder(tf.float32, [], name="x")
    paths = []
    for sub, text in (("a", "1"), ("b", "2"), ("c", "1")):
        os.mkdir(os.path.join(folder, sub))
        paths.append(os.path.join(folder, sub, "file.txt"))
        with open(paths[-1], "w") as stream:
            stream.write(text)
    assets = [tf.constant(path) for path in paths]
    save(started(), folder + "/m", {"k": ({"x": x}, {"y": x + 1})}, assets=assets)
    missing = error_of(
        save, started(), folder + "/n", {"k": ({"x": x}, {"y": x})}, assets=[tf.constant("gone")]
    )
    return [sorted(contract(folder + "/m")["assets"].values()), missing[0]]


@scenario
def values_of_the_call(folder):
    """The values written are those of the call that adds the session, not of the save."""
    x = tf.placeholder(tf.float32, [], name="x")
    w = tf.get_variable("w", initializer=2.0)
    y = tf.multiply(x, w, name="y")
    session = started()
    path = folder + "/m"
    if KIND == "tf1":
        builder = tf.saved_model.builder.SavedModelBuilder(path)
        signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], {"k": signature})
        session.run(w.assign(100.0))
        builder.save()
    else:
        module = scenarios.SessionModule(path).add_session(session, {"k": ({"x": x}, {"y": y})})
        session.run(w.assign(100.0))
        with module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    return [served(path, {"k": {"x": 3.0}}), session.run(w)]


@scenario
def folder_not_empty(folder):
    """A folder that is not empty is refused, with the same words."""
    os.makedirs(folder + "/m")
    with open(folder + "/m/file", "w"):
        pass
    os.makedirs(folder + "/empty")
    make = tf.saved_model.builder.SavedModelBuilder if KIND == "tf1" else scenarios.SessionModule
    made = [error_of(make, folder + "/empty"), error_of(make, folder + "/new/deep")]
    return [error_of(make, folder + "/m"), made, scenarios.files(folder + "/new")]


@scenario
def wrong_signatures(folder):
    """The errors of TF1 for classify and regress signatures and reserved keys."""
    s = tf.placeholder(tf.string, [None], name="s")
    f = tf.placeholder(tf.float32, [None], name="f")
    session = started()
    if KIND == "tf1":
        classify = tf.saved_model.classification_signature_def
        regress = tf.saved_model.regression_signature_def
        builder = tf.saved_model.builder.SavedModelBuilder(folder + "/m")
        infos = tf.saved_model.build_signature_def({"a": info(f)}, {"b": info(f)}, PREDICT)
        problems = [
            error_of(classify, f, None, f),
            error_of(classify, s, f, None),
            error_of(classify, s, None, s),
            error_of(regress, s, s),
            error_of(regress, f, f),
            error_of(
                builder.add_meta_graph_and_variables,
                session,
                ["serve"],
                {"__saved_model_init_op": infos},
            ),
        ]
    else:
        add = scenarios.SessionModule(folder + "/m").add_session
        problems = [
            error_of(add, session, {"k": value})
            for value in (
                ({"inputs": f}, {"scores": f}, CLASSIFY),
                ({"inputs": s}, {"classes": f}, CLASSIFY),
                ({"inputs": s}, {"scores": s}, CLASSIFY),
                ({"inputs": s}, {"outputs": s}, REGRESS),
                ({"inputs": f}, {"outputs": f}, REGRESS),
            )
        ] + [error_of(add, session, {"__saved_model_init_op": ({"a": f}, {"b": f})})]
    return [problem and problem[0] for problem in problems]


if KIND != "tf1":

    @scenario
    def refusals(folder):
        """What cannot be exported is refused by node name, and nothing is written."""
        x = tf.placeholder(tf.float32, [None], name="x")
        other = tf.placeholder(tf.float32, [], name="keep_prob")
        w = tf.get_variable("w", initializer=1.0, use_resource=False)
        python = tf.py_func(lambda a: a, [x], tf.float32, name="my_py_func")
        with tf.control_dependencies([tf.assign_add(w, 1.0, name="count")]):
            assigning = x * w
        queue = tf.FIFOQueue(3, [tf.float32], name="my_queue")
        iterator = tf.data.make_one_shot_iterator(tf.data.Dataset.from_tensors(1.0))
        session = started()
        init = tf.global_variables_initializer()
        fine = {"k": ({"x": x}, {"y": x * w})}
        cases = {
            "python": [{"k": ({"x": x}, {"y": python})}],
            "assign": [{"k": ({"x": x}, {"y": assigning})}],
            "placeholder": [{"k": ({"x": x}, {"y": x * other})}],
            "queue": [{"k": ({"x": x}, {"y": x * queue.dequeue()})}],
            "iterator": [{"k": ({"x": x}, {"y": x * iterator.get_next()})}],
            "string": [{"k": ({"x": "x:0"}, {"y": x})}],
            "operation": [{"k": ({"x": x}, {"y": x.op})}],
            "list": [{"k": ([x], [x])}],
            "outputs": [{"k": ({"x": x}, {"y": None})}],
            "short": [{"k": ({"x": x},)}],
            "asset": [fine, {"assets": [x]}],
            "assets": [fine, {"assets": [tf.constant(["a", "b"])]}],
            "init_op": [fine, {"init_op": tf.group(init, tf.no_op())}],
            "print": [fine, {"init_op": tf.print("hello", name="hello")}],
        }
        seen = {}
        for name, (signatures, *options) in cases.items():
            path = os.path.join(folder, name)
            problem = error_of(save, session, path, signatures, **(options[0] if options else {}))
            seen[name] = [problem, scenarios.files(path)]
        local = tf.get_variable("l", initializer=1.0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
        seen["local"] = error_of(
            save, session, folder + "/local", fine, init_op=tf.local_variables_initializer()
        )
        module = scenarios.SessionModule(folder + "/never")
        seen["uninitialized"] = error_of(module.add_session, tf.Session(), fine)[:1]
        seen["unsaved"] = [error_of(lambda: module.signatures), local.op.name]
        module.add_session(session, fine)
        seen["again"] = error_of(module.add_session, session, fine)
        with tf.Graph().as_default():
            foreign = tf.placeholder(tf.float32, [], name="foreign")
        fresh = scenarios.SessionModule(folder + "/fresh")
        seen["foreign"] = error_of(
            fresh.add_session, session, {"k": ({"x": foreign}, {"y": foreign})}
        )

        def nothing():
            with module:
                pass

        seen["nothing"] = error_of(nothing)
        return seen

    @scenario
    def exported_variables(folder):
        """The module's variables carry TF1's names, trainable or not; nodes are added once."""
        x = tf.placeholder(tf.float32, [3], name="x")
        w = tf.get_variable("net/w", initializer=weights([3]))
        m = tf.get_variable("net/m", initializer=weights([3]), trainable=False, use_resource=True)
        u = tf.Variable(weights([2, 2]), validate_shape=False, name="u")
        y = x * w + m + tf.reduce_sum(u)
        session = started()
        graph = tf.get_default_graph()
        counts = []
        for index in range(2):
            module = scenarios.SessionModule("%s/%d" % (folder, index))
            module.add_session(session, {"k": ({"x": x}, {"y": y})})
            with module:
                tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
            counts.append(len(graph.get_operations()))
        held = [[v.op.name, v.trainable, v.shape.rank is not None] for v in module.graph_variables]
        keys = [k for k, _ in tf.train.list_variables(folder + "/1/variables/variables")]
        return [held, counts[1] - counts[0], keys, scenarios.files(folder + "/1")]

    @scenario
    def placeholder_in_a_branch(folder):
        """A placeholder made inside an untaken branch of a v1 cond needs no feed."""
        x = tf.placeholder(tf.float32, [], name="x")
        y = tf.cond(x > 0, lambda: x * 2, lambda: tf.placeholder(tf.float32, [], name="inner"))
        session = started()
        path = folder + "/m"
        problem = error_of(save, session, path, {"k": ({"x": x}, {"y": tf.identity(y, name="y")})})
        if problem:
            return problem
        return [served(path, {"k": {"x": 3.0}}), error_of(loaded, path, {"k": {"x": 3.0}})]

    @scenario
    def resource_variable_as_output(folder):
        """A resource variable as an output is its value (TF1 wrote its handle)."""
        x = tf.placeholder(tf.float32, [], name="x")
        v = tf.get_variable("v", initializer=weights([2]), use_resource=True)
        save(started(), folder + "/m", {"k": ({"x": x}, {"v": v})})
        return served(folder + "/m", {"k": {"x": 1.0}})

    @scenario
    def mutable_table(folder):
        """A mutable table's contents of now are exported."""
        words = tf.placeholder(tf.string, [None], name="words")
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -7)
        session = started()
        session.run(table.insert(tf.constant(["a"]), tf.constant([4], tf.int64)))
        save(session, folder + "/m", {"k": ({"x": words}, {"y": table.lookup(words)})})
        return served(folder + "/m", {"k": {"x": ["a", "b"]}})

    @scenario
    def names_taken(folder):
        """Where TensorFlow 2 has nodes of TF1's names of its own, those two keep theirs."""
        x = tf.placeholder(tf.float32, [], name="saver_filename")
        w = tf.get_variable("w", initializer=2.0)
        y = tf.multiply(x, w, name="NoOp")
        save(started(), folder + "/m", {"k": ({"x": x}, {"y": y})})
        found = contract(folder + "/m")["signatures"]["k"]
        names = [found["inputs"]["x"]["name"], found["outputs"]["y"]["name"]]
        return [served(folder + "/m", {"k": {"x": 3.0}}), names]

    @scenario
    def function_with_variables(folder):
        """A tf.function that reads a resource variable of the graph."""
        x = tf.placeholder(tf.float32, [], name="x")
        w = tf.get_variable("w", initializer=4.0, use_resource=True)

        @tf.function
        def inner(value):
            return value * w + 2.0

        save(started(), folder + "/m", {"k": ({"x": x}, {"y": inner(x)})})
        return served(folder + "/m", {"k": {"x": 3.0}})

    @scenario
    def finalized_before_export(folder):
        """A finalized graph exports, tables included only if exported before."""
        x = tf.placeholder(tf.float32, [], name="x")
        w = tf.get_variable("w", initializer=2.0, use_resource=True)
        y = tf.multiply(x, w, name="y")
        session = started()
        tf.get_default_graph().finalize()
        save(session, folder + "/m", {"k": ({"x": x}, {"y": y})})
        return served(folder + "/m", {"k": {"x": 3.0}})


if KIND == "graph":  # in the others there is no eager execution

    @scenario
    def gradients_after_loading(folder):
        """Functional branches and loops over resource variables train once they are loaded."""
        x = tf.placeholder(tf.float32, [2], name="x")
        w = tf.get_variable("w", initializer=weights([2, 2]), use_resource=True)
        picked = tf.cond(x[0] > 0, lambda: tf.gather(w, [1, 1]), lambda: w * x)
        _, looped = tf.while_loop(
            lambda i, _: i < 2, lambda i, a: (i + 1, tf.linalg.matvec(w, a)), [tf.constant(0), x]
        )
        signatures = {"k": ({"x": x}, {"picked": picked, "looped": looped})}
        save(started(), folder + "/m", signatures)

        def gradients():
            module = tf.saved_model.load_v2(folder + "/m")
            (held,) = module.graph_variables
            found = []
            for name in ("picked", "looped"):
                with tf.GradientTape() as tape:
                    made = module.signatures["k"](x=tf.constant([1.0, 2.0]))[name]
                found.append(tf.convert_to_tensor(tape.gradient(made, held)).numpy())
            return found

        kinds = sorted({op.type for op in x.graph.get_operations()} & {"If", "While"})
        with ThreadPoolExecutor(1) as other:  # no graph is the default one in it
            return [kinds, *other.submit(gradients).result()]
