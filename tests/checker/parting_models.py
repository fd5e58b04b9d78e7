"""Pairs of models that part at a known op, and a way to run many of them in one process.

``python parting_models.py PLAN`` runs under the interpreter of one side.  PLAN is a JSON file::

    worker    path of migrator/worker
    legacy    folder to write the models of TensorFlow 1 into, or null
    modern    folder to write the models of TensorFlow 2 into, or null
    requests  the worker's requests, answered one after the other
    limits    name -> number of the trace's limits, instead of its own
"""

import json
import os
import shutil
import sys
import warnings

import numpy as np

RNG = np.random.RandomState(3)
KERNEL = (RNG.randn(3, 3, 1, 4) * 0.4).astype(np.float32)
BIAS = np.array([0.1, -0.2, 0.05, 0.3], np.float32)
GAMMA = np.array([0.9, 1.1, 1.3, 0.8], np.float32)
DENSE = (RNG.randn(64, 3) * 0.3).astype(np.float32)
CELL = (RNG.randn(7, 16) * 0.4).astype(np.float32)
NUMBERS = [5, 3, 8, 2, 9, 0, 4, 1, 7, 6]
SWAPPED = [5, 3, 8, 2, 9, 0, 1, 4, 7, 6]


def nudged(array, index, by):
    """Return a copy of ``array`` with one element moved."""
    copy = array.copy()
    copy[index] += by
    return copy


# --- graphs of TensorFlow 1; they build on 1.15 and on compat.v1 ---------------------------


def convnet(
    tf,
    kernel=KERNEL,
    dense=DENSE,
    activation="Relu",
    scale=0.5,
    epsilon=1e-3,
    inserted=False,
    removed=False,
):
    """Build a small convolutional net; return its inputs and outputs."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    with v1.variable_scope("conv"):
        k = v1.get_variable("kernel", initializer=kernel, use_resource=False)
        b = v1.get_variable("bias", initializer=BIAS, use_resource=False)
        h = v1.nn.conv2d(x, k, [1, 1, 1, 1], "SAME", name="Conv2D")
        h = tf.nn.bias_add(h, b, name="BiasAdd")
        zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
        h, _, _ = v1.nn.fused_batch_norm(
            h, GAMMA, zeros, zeros, ones, epsilon=epsilon, is_training=False, name="norm"
        )
        h = {"Relu": tf.nn.relu, "Tanh": tf.nn.tanh}[activation](h, name="act")
    h = v1.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", name="pool")
    if inserted:
        h = tf.multiply(h, 0.97, name="inserted")
    if not removed:
        h = tf.multiply(h, scale, name="scaled")
    h = tf.reshape(h, [-1, 64], name="flat")
    with v1.variable_scope("dense"):
        w = v1.get_variable("kernel", initializer=dense, use_resource=True)
        logits = tf.matmul(h, w, name="MatMul")
    return {"images": x}, {"logits": logits, "probabilities": tf.nn.softmax(logits, name="probs")}


def table(tf, numbers=NUMBERS):
    """Build a lookup behind an embedding."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.int64, [None], name="ids")
    init = tf.lookup.KeyValueTensorInitializer(list(range(10)), numbers, tf.int64, tf.int64)
    found = tf.lookup.StaticHashTable(init, -1, name="vocabulary").lookup(x)
    embedding = np.arange(44, dtype=np.float32).reshape(11, 4) ** 1.5
    return {"ids": x}, {"rows": tf.gather(tf.constant(embedding), found + 1, name="rows")}


def recurrent(tf, forget=1.0, cell=CELL):
    """Build an LSTM as a loop over time."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 5, 3], name="sequence")
    w = v1.get_variable("rnn/kernel", initializer=cell, use_resource=False)
    steps = tf.transpose(x, [1, 0, 2], name="time_major")
    zero = tf.zeros([tf.shape(x)[0], 4])

    def step(i, c, h):
        gates = tf.matmul(tf.concat([steps[i], h], 1), w)
        a, j, f, o = tf.split(gates, 4, axis=1)
        c = c * tf.sigmoid(f + forget) + tf.sigmoid(a) * tf.tanh(j)
        return i + 1, c, tf.sigmoid(o) * tf.tanh(c)

    _, _, h = v1.while_loop(lambda i, c, h: i < 5, step, [tf.constant(0), zero, zero], name="loop")
    return {"sequence": x}, {"state": tf.multiply(h, 2.0, name="state")}


def branching(tf, factor=3.0):
    """Build a cond behind a product."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    y = tf.multiply(x, 1.5, name="first")
    z = v1.cond(tf.reduce_sum(y) < 1e6, lambda: y * factor, lambda: y - 1.0, name="branch")
    return {"x": x}, {"z": tf.add(z, 1.0, name="last")}


def subtract(tf, swapped=False):
    """Build a difference of two inputs of one shape."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 3], name="x")
    y = v1.placeholder(tf.float32, [None, 3], name="y")
    one, two = (y, x) if swapped else (x, y)
    return {"x": x, "y": y}, {"z": tf.exp(tf.subtract(one, two, name="minus"), name="z")}


def chain(tf, first=1.0):
    """Build equal ops in a row, one of which an after side may have more of."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 6], name="x")
    h = tf.add(x, first, name="one")
    h = tf.add(h, 2.0, name="two")
    return {"x": x}, {"y": tf.tanh(tf.add(h, 0.25, name="three"), name="y")}


LEGACY = {
    "convnet": (convnet, {}),
    "convnet_kernel": (convnet, {"kernel": nudged(KERNEL, (1, 1, 0, 2), 1e-3)}),
    "convnet_dense": (convnet, {"dense": nudged(DENSE, (7, 1), 1e-2)}),
    "convnet_tanh": (convnet, {"activation": "Tanh"}),
    "convnet_scale": (convnet, {"scale": 0.55}),
    "convnet_epsilon": (convnet, {"epsilon": 0.02}),
    "convnet_inserted": (convnet, {"inserted": True}),
    "convnet_removed": (convnet, {"removed": True}),
    "table": (table, {}),
    "table_order": (table, {"numbers": SWAPPED}),
    "recurrent": (recurrent, {}),
    "recurrent_forget": (recurrent, {"forget": 0.5}),
    "recurrent_kernel": (recurrent, {"cell": nudged(CELL, (2, 3), 0.01)}),
    "branching": (branching, {}),
    "branching_factor": (branching, {"factor": 2.5}),
    "subtract": (subtract, {}),
    "subtract_swapped": (subtract, {"swapped": True}),
}


def write_legacy(folder):
    """Write every model of TensorFlow 1 into ``folder``, and one as a frozen graph."""
    import tensorflow as tf

    v1 = tf.compat.v1
    if hasattr(v1, "disable_control_flow_v2"):
        v1.disable_control_flow_v2()
    for name, (build, options) in LEGACY.items():
        path = os.path.join(folder, name)
        shutil.rmtree(path, ignore_errors=True)
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, outputs = build(tf, **options)
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            v1.saved_model.simple_save(
                session, path, inputs, outputs, legacy_init_op=v1.tables_initializer()
            )
            if name in ("convnet", "convnet_scale"):
                graph = v1.graph_util.convert_variables_to_constants(
                    session, session.graph_def, ["dense/MatMul", "probs"]
                )
                with open(path + ".pb", "wb") as file:
                    file.write(graph.SerializeToString())
                v1.train.Saver().save(session, path + ".ckpt")


# --- modules of TensorFlow 2, whose ops have other names ------------------------------------


def write_modern(folder):
    """Write every model of TensorFlow 2 into ``folder``."""
    import tensorflow as tf

    class Block(tf.Module):
        def __init__(self, kernel, activation, epsilon):
            super().__init__()
            self.filters = tf.Variable(kernel, name="filters")
            self.offset = tf.Variable(BIAS, name="offset")
            self.activation = activation
            self.epsilon = epsilon

        @tf.function
        def __call__(self, pictures):
            found = tf.nn.convolution(pictures, self.filters, padding="SAME") + self.offset
            zeros, ones = tf.zeros(4), tf.ones(4)
            found = tf.compat.v1.nn.fused_batch_norm(
                found, GAMMA, zeros, zeros, ones, epsilon=self.epsilon, is_training=False
            )[0]
            return self.activation(found)

    class Net(tf.Module):
        def __init__(
            self, kernel=KERNEL, dense=DENSE, activation=tf.nn.relu, epsilon=1e-3, scale=0.5
        ):
            super().__init__()
            self.block = Block(kernel, activation, epsilon)
            self.head = tf.Variable(dense, name="head")
            self.scale = scale

        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.float32, name="images")])
        def predict(self, images):
            found = tf.nn.max_pool2d(self.block(images), 2, 2, "SAME")
            found = tf.reshape(found * self.scale, [tf.shape(found)[0], 64])
            found = tf.linalg.matmul(found, self.head)
            return {"logits": found, "probabilities": tf.nn.softmax(found)}

    def save(name, module):
        path = os.path.join(folder, "modern_" + name)
        shutil.rmtree(path, ignore_errors=True)
        tf.saved_model.save(module, path, signatures=module.predict)

    save("convnet", Net())
    save("convnet_kernel", Net(kernel=nudged(KERNEL, (1, 1, 0, 2), 1e-3)))
    save("convnet_dense", Net(dense=nudged(DENSE, (7, 1), 1e-2)))
    save("convnet_tanh", Net(activation=tf.nn.tanh))
    save("convnet_scale", Net(scale=0.55))
    save("convnet_epsilon", Net(epsilon=0.02))
    save("convnet_inserted", Net(activation=lambda h: tf.nn.relu(h) * 0.97))

    class Recurrent(tf.Module):
        def __init__(self, forget=1.0, cell=CELL):
            super().__init__()
            self.cell = tf.Variable(cell, name="cell")
            self.forget = forget

        @tf.function(input_signature=[tf.TensorSpec([None, 5, 3], tf.float32, name="sequence")])
        def predict(self, sequence):
            c = h = tf.zeros([tf.shape(sequence)[0], 4])
            for i in tf.range(5):
                gates = tf.matmul(tf.concat([sequence[:, i], h], 1), self.cell)
                a, j, f, o = tf.split(gates, 4, axis=1)
                c = c * tf.sigmoid(f + self.forget) + tf.sigmoid(a) * tf.tanh(j)
                h = tf.sigmoid(o) * tf.tanh(c)
            return {"state": h * 2.0}

    save("recurrent", Recurrent())
    save("recurrent_forget", Recurrent(forget=0.5))
    save("recurrent_kernel", Recurrent(cell=nudged(CELL, (2, 3), 0.01)))

    class Table(tf.Module):
        def __init__(self, numbers=NUMBERS):
            super().__init__()
            init = tf.lookup.KeyValueTensorInitializer(list(range(10)), numbers, tf.int64, tf.int64)
            self.table = tf.lookup.StaticHashTable(init, -1)
            self.rows = tf.Variable(np.arange(44, dtype=np.float32).reshape(11, 4) ** 1.5)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="ids")])
        def predict(self, ids):
            return {"rows": tf.gather(self.rows, self.table.lookup(ids) + 1)}

    save("table", Table())
    save("table_order", Table(numbers=SWAPPED))


def main(path):
    """Carry out the plan in the JSON file ``path``."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from checker_models import load_worker

    with open(path) as file:
        plan = json.load(file)
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    if plan.get("legacy"):
        write_legacy(plan["legacy"])
    if plan.get("modern"):
        write_modern(plan["modern"])
    worker = load_worker(plan["worker"])
    for name, number in plan.get("limits", {}).items():
        setattr(sys.modules["migrator_worker.trace"], name, number)
    for request in plan["requests"]:
        if request["role"] == "after" and not os.path.exists(request.get("inputs", path)):
            raise SystemExit("the before side made no inputs: {}".format(request["inputs"]))
        os.makedirs(request["out"])
        result = {"python": "{}.{}.{}".format(*sys.version_info), "tensorflow": tf.__version__}
        worker.answer(tf, request, result)


if __name__ == "__main__":
    main(sys.argv[1])
