"""Write models with TensorFlow 1.15, what they compute, and what 20 steps of training lose.

    python tf1_models.py FOLDER

Writes a folder of each name, and ``expected.npz``: ``NAME|inputs|KEY|INPUT``,
``NAME|outputs|KEY|OUTPUT``, ``NAME|fed``, ``NAME|target`` and ``NAME|losses``.  A ``/`` in a name
is a ``%`` there.
"""

import os
import sys

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
OUT = sys.argv[1]
RATE = 0.1
EXPECTED = {}
MODELS = {}
X = np.random.RandomState(0).rand(5, 4).astype("float32")
WORDS = np.random.RandomState(1).randint(0, 10, (5, 3))
IMAGES = np.random.RandomState(2).rand(5, 6, 6, 1).astype("float32")
SEQUENCES = np.random.RandomState(3).rand(5, 4, 3).astype("float32")


def model(build):
    """Add a model to those that are written."""
    MODELS[build.__name__] = build
    return build


def note(name, kind, *rest):
    """Return the name of an entry of ``expected.npz``."""
    return "|".join((name, kind) + rest).replace("/", "%")


def initialize(session):
    """Give variables their first values."""
    session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
    session.run(v1.tables_initializer())


def record(session, name, signatures, feeds):
    """Note what signatures return."""
    for key, (inputs, outputs) in signatures.items():
        given = {tensor: feeds[tensor] for tensor in inputs.values() if tensor in feeds}
        for one, tensor in inputs.items():
            if tensor in feeds:
                EXPECTED[note(name, "inputs", key, one)] = feeds[tensor]
        for one, value in session.run(outputs, given).items():
            EXPECTED[note(name, "outputs", key, one)] = np.asarray(value)


def save(session, name, signatures, feeds, **more):
    """Write a SavedModel."""
    record(session, name, signatures, feeds)
    build, info = v1.saved_model.build_signature_def, v1.saved_model.build_tensor_info
    builder = v1.saved_model.Builder(os.path.join(OUT, name))
    definitions = {
        key: build(
            {one: info(tensor) for one, tensor in inputs.items()},
            {one: info(tensor) for one, tensor in outputs.items()},
            "tensorflow/serving/predict",
        )
        for key, (inputs, outputs) in signatures.items()
    }
    builder.add_meta_graph_and_variables(session, ["serve"], definitions, **more)
    builder.save()


def trained(session, name, x, y, value, write):
    """Write a model, then train it on one batch; its graph holds the training as well."""
    target = np.random.RandomState(5).rand(*[d or len(value) for d in y.shape.as_list()])
    loss = tf.reduce_mean(tf.square(y - tf.constant(target.astype("float32"))))
    step = v1.train.GradientDescentOptimizer(RATE).minimize(loss)
    initialize(session)
    write()
    EXPECTED[note(name, "fed")] = value
    EXPECTED[note(name, "target")] = target.astype("float32")
    EXPECTED[note(name, "losses")] = [session.run([loss, step], {x: value})[0] for _ in range(20)]


def served(session, name, x, y, value):
    """Write a SavedModel of one input and one output, and train it."""
    signatures = {"serving_default": ({"x": x}, {"y": y})}
    trained(session, name, x, y, value, lambda: save(session, name, signatures, {x: value}))


@model
def dense(session, name, resource=False):
    """Two layers with regularization losses."""

    def half(w):
        return 0.5 * tf.reduce_sum(w * w)

    x = v1.placeholder(tf.float32, [None, 4], name="x")
    with v1.variable_scope("net", use_resource=resource, regularizer=half):
        y = v1.layers.dense(v1.layers.dense(x, 8, tf.nn.relu, name="h"), 3, name="y")
    served(session, name, x, y, X)


@model
def dense_resource(session, name):
    """The same with resource variables."""
    dense(session, name, True)


@model
def convolution(session, name):
    """A convolution and batch normalization in its inference form."""
    x = v1.placeholder(tf.float32, [None, 6, 6, 1], name="x")
    h = v1.layers.batch_normalization(v1.layers.conv2d(x, 2, 3), training=False)
    y = v1.layers.dense(v1.layers.flatten(tf.nn.relu(h)), 3)
    served(session, name, x, y, IMAGES)


@model
def embedding(session, name):
    """A lookup in a reference variable and one in a resource."""
    x = v1.placeholder(tf.int64, [None, 3], name="x")
    old = v1.get_variable("old", [10, 4])
    new = v1.get_variable("new", [10, 4], use_resource=True)
    y = sum(tf.reduce_sum(tf.nn.embedding_lookup(table, x), 1) for table in (old, new))
    served(session, name, x, y, WORDS)


@model
def partitioned(session, name):
    """Variables in partitions, along either axis."""
    x = v1.placeholder(tf.int64, [None, 3], name="x")
    table = v1.get_variable("table", [10, 4], partitioner=v1.fixed_size_partitioner(3))
    w = v1.get_variable("w", [4, 5], partitioner=v1.fixed_size_partitioner(2, 1))
    served(
        session, name, x, tf.matmul(tf.reduce_sum(tf.nn.embedding_lookup(table, x), 1), w), WORDS
    )


@model
def cond(session, name):
    """A v1 conditional."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w, v = (v1.get_variable(one, [4, 3]) for one in "wv")
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: tf.matmul(x, v))
    served(session, name, x, y, X)


@model
def cond_v2(session, name):
    """The same as a function."""
    with V2ControlFlow():
        cond(session, name)


@model
def while_v2(session, name):
    """A loop that is a function can be trained."""
    with V2ControlFlow():
        loop(session, name)


class V2ControlFlow:
    """Make conditionals and loops functions, and variables resources."""

    def __enter__(self):
        v1.enable_control_flow_v2()
        self._scope = v1.variable_scope("", use_resource=True)
        self._scope.__enter__()

    def __exit__(self, *failure):
        self._scope.__exit__(*failure)
        v1.disable_control_flow_v2()


@model
def loop(session, name):
    """A loop, and an output beside it that can be trained."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 4])
    start = [tf.constant(0), x]
    y = tf.while_loop(
        lambda i, _: i < 3, lambda i, a: [i + 1, tf.tanh(tf.matmul(a, w))], start, name="turns"
    )[1]
    signatures = {
        "serving_default": ({"x": x}, {"y": y}),
        "beside": ({"x": x}, {"y": tf.matmul(x, w)}),
    }
    if v1.control_flow_v2_enabled():
        del signatures["beside"]
    trained(session, name, x, y, X, lambda: save(session, name, signatures, {x: X}))


@model
def unrolled(session, name):
    """A static RNN."""
    x = v1.placeholder(tf.float32, [None, 4, 3], name="x")
    cell = v1.nn.rnn_cell.LSTMCell(3)
    out, _ = v1.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    served(session, name, x, out[-1], SEQUENCES)


@model
def functions(session, name):
    """Functions in functions."""
    from tensorflow.python.framework import function

    @function.Defun(tf.float32, tf.float32)
    def inner(a, b):
        return tf.tanh(tf.matmul(a, b))

    @function.Defun(tf.float32, tf.float32)
    def outer(a, b):
        return inner(a, b) * 2.0 + inner(a, b)

    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 3])
    v = v1.get_variable("v", [4, 3], use_resource=True)

    @tf.function
    def new(a):
        if tf.reduce_sum(a) > 0.0:
            return tf.matmul(a, v) * 2.0
        return tf.matmul(a, v)

    served(session, name, x, tf.reshape(outer(x, w) + new(x), [-1, 3]), X)


@model
def loop_in_function(session, name):
    """A loop in a function returns the handle that it reads from, and only reads from."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 4], use_resource=True)

    @tf.function
    def steps(a):
        for _ in tf.range(3):
            a = tf.tanh(tf.matmul(a, w))
        return a

    y = steps(x)
    initialize(session)
    save(session, name, {"serving_default": ({"x": x}, {"y": y})}, {x: X})


@model
def updating_averages(session, name):
    """Batch normalization that updates its averages where it is told to train, and is not."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    training = v1.placeholder_with_default(False, [], name="training")
    normal = tf.contrib.layers.batch_norm(
        tf.matmul(x, v1.get_variable("w", [4, 3])),
        is_training=training,
        updates_collections=None,
        scale=True,
    )
    initialize(session)
    save(session, name, {"serving_default": ({"x": x}, {"y": normal})}, {x: X})


@model
def named_self(session, name):
    """Inputs that no parameter of Python is called."""
    x, y = (v1.placeholder(tf.float32, [None, 4], name=one) for one in "xy")
    out = tf.add(x * v1.get_variable("w", [4]), y, name="out")
    initialize(session)
    signatures = {"serving_default": ({"self": x, "_y": y}, {"out": out})}
    save(session, name, signatures, {x: X, y: X * 2})


@model
def frozen(session, name):
    """A frozen graph of reference and resource variables."""
    x = v1.placeholder(tf.float32, [None, 6, 6, 1], name="x")
    h = v1.layers.batch_normalization(v1.layers.conv2d(x, 2, 3), training=False)
    with v1.variable_scope("new", use_resource=True):
        y = v1.layers.dense(v1.layers.flatten(tf.nn.relu(h)), 3)
        # large enough that their values stay in the file
        table = v1.get_variable("table", [8000, 3])
        y += tf.nn.embedding_lookup(table, tf.zeros([tf.shape(x)[0]], tf.int32))
    fixed = tf.constant(np.random.RandomState(6).rand(8000, 3).astype("float32"))
    y = tf.add(y, tf.reduce_mean(fixed), "out")

    def write():
        record(session, name, {"serving_default": ({"x": x}, {"out": y})}, {x: IMAGES})
        graph_def = session.graph.as_graph_def()
        final = v1.graph_util.convert_variables_to_constants(session, graph_def, ["out"])
        v1.train.write_graph(final, os.path.join(OUT, name), "graph.pb", False)
        v1.train.write_graph(final, os.path.join(OUT, name), "graph.pbtxt", True)

    trained(session, name, x, y, IMAGES, write)


@model
def frozen_text(session, name):
    """The same as text."""
    frozen(session, name)


@model
def meta_graph(session, name):
    """A checkpoint of a Saver that calls variables otherwise, with local variables."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w, v = (v1.get_variable(one, [4, 3]) for one in "wv")
    local = v1.get_variable(
        "local", [3], initializer=v1.constant_initializer(3.0), collections=["local_variables"]
    )
    y = tf.multiply(tf.matmul(x, w) + 2.0 * tf.matmul(x, v), local, name="y")
    initialize(session)
    record(session, name, {"serving_default": ({"x": x}, {"y": y})}, {x: X})
    os.makedirs(os.path.join(OUT, name))
    v1.train.Saver({"other/w": w, "w": v}).save(session, os.path.join(OUT, name, "model"))


@model
def nested_loops(session, name):
    """Loops in loops with conditionals, over both kinds of variables."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 4])
    r = v1.get_variable("r", [4, 4], use_resource=True)

    def body(i, a):
        def turn(j, c):
            return [j + 1, tf.tanh(tf.matmul(c, w) + tf.matmul(c, r))]

        b = tf.while_loop(lambda j, _: j < 2, turn, [tf.constant(0), a])[1]
        total = tf.reduce_sum(b)
        return [i + 1, tf.cond(total > 0, lambda: b * 2, lambda: b + tf.reduce_sum(w))]

    y = tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), x])[1]
    z = tf.map_fn(lambda one: tf.reduce_sum(one) * w, x)
    initialize(session)
    save(session, name, {"serving_default": ({"x": x}, {"y": y, "z": z})}, {x: X})


@model
def recurrent(session, name):
    """A bidirectional RNN over lengths, in double precision."""
    x = v1.placeholder(tf.float64, [None, 4, 3], name="x")
    n = v1.placeholder(tf.int32, [None], name="n")
    cells = v1.nn.rnn_cell.GRUCell(3), v1.nn.rnn_cell.LSTMCell(3)
    with v1.variable_scope("rnn", use_resource=True):
        out, state = v1.nn.bidirectional_dynamic_rnn(*cells, x, n, dtype=x.dtype)
    initialize(session)
    outputs = {"f": out[0], "b": out[1], "c": state[1].c}
    feeds = {x: SEQUENCES.astype("float64"), n: np.array([1, 2, 3, 4, 4], "int32")}
    save(session, name, {"sequences": ({"x": x, "n": n}, outputs)}, feeds)


@model
def dtypes(session, name):
    """Variables of every kind of dtype, and one without a fixed shape."""
    x = v1.placeholder(tf.float16, [None, 2], name="x")
    constant = v1.constant_initializer
    h = v1.get_variable("h", [2], tf.float16)
    s = v1.get_variable("s", [], tf.string, initializer=constant("abc"))
    b = v1.get_variable("b", [2], tf.bool, initializer=constant(True))
    i = v1.get_variable("i", [2], tf.int64, initializer=constant(7))
    c = tf.Variable(np.array([1 + 2j, 3j]), name="c")
    f = tf.Variable(tf.constant([1.0, 2.0], tf.bfloat16), name="f")
    d = tf.Variable(tf.constant([[1.0, 2.0]]), validate_shape=False, name="d")
    initialize(session)
    outputs = {"h": x * h, "s": s + "d", "b": tf.logical_not(b), "i": i + 1, "c": c * 2, "x": x}
    outputs.update(f=tf.cast(f, tf.float32), d=d + 1.0)
    save(session, name, {"serving_default": ({"x": x}, outputs)}, {x: X[:, :2].astype("float16")})


@model
def names(session, name):
    """Tensors inside of the graph as inputs, one tensor twice, keys that are no names in Python."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 4])
    h = tf.nn.relu(tf.matmul(x, w), name="h")
    y = tf.matmul(h, w, name="y")
    a, b = tf.split(y, 2, 1)
    initialize(session)
    signatures = {
        "serving_default": ({"x": x}, {"x": x, "y": y, "a": a, "b": b, "again": y}),
        "middle": ({"h": h}, {"y": y}),
        "twice": ({"p": x, "q": x}, {"y": y}),
        "x-y z": ({"class": x, "1x": h}, {"b:0": b, "h": h}),
    }
    save(session, name, signatures, {x: X, h: X})


@model
def restored_then_initialized(session, name):
    """A variable that the init op sets anew, whatever was saved."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4], initializer=v1.constant_initializer(2.0))
    v = v1.get_variable("v", [4], initializer=v1.constant_initializer(3.0))
    y = x * w + v
    initialize(session)
    signatures = {"serving_default": ({"x": x}, {"y": y})}
    session.run(w.assign([5.0, 6.0, 7.0, 8.0]))
    record(session, name, signatures, {x: X})
    expected = dict(EXPECTED)
    session.run(v.assign([9.0, 9.0, 9.0, 9.0]))
    save(session, name, signatures, {x: X}, main_op=v.initializer)
    EXPECTED.update(expected)


@model
def shared(session, name):
    """Two handles of one variable."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4], use_resource=True)
    again = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[4], shared_name="w", name="again")
    y = x * w + tf.raw_ops.ReadVariableOp(resource=again, dtype=tf.float32)
    initialize(session)
    save(session, name, {"serving_default": ({"x": x}, {"y": y})}, {x: X})


@model
def initialized_value(session, name):
    """A value that asks whether the variable is initialized."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 3])
    initialize(session)
    y = tf.matmul(x, w.initialized_value())
    save(session, name, {"serving_default": ({"x": x}, {"y": y})}, {x: X})


for title, write_model in MODELS.items():
    with tf.Graph().as_default(), v1.Session() as current:
        v1.set_random_seed(7)
        write_model(current, title)
np.savez(os.path.join(OUT, "expected.npz"), **EXPECTED)
