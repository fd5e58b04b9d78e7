"""TensorFlow 2 models that differ from one another in one respect, for the checker's tests."""

import os

import numpy as np
from checker.side_models import changed

W = np.random.RandomState(7).randn(4, 3).astype(np.float32)


def write_all(tf, folder):
    """Write every model into ``folder``."""

    def write(name, predict, specs, variables=()):
        module = tf.Module()
        module.values = list(variables)
        module.predict = tf.function(predict, input_signature=specs)
        tf.saved_model.save(
            module, os.path.join(folder, name), signatures={"serving_default": module.predict}
        )

    def spec(shape, dtype, name):
        return tf.TensorSpec(shape, getattr(tf, dtype), name=name)

    write_plain(tf, write, spec)
    write_composite(tf, write, spec)
    write_dense_parts(tf, folder, write, spec)
    write_stateful(tf, write, spec)
    write_tables(tf, folder, write, spec)


def write_plain(tf, write, spec):
    """Write models without a state."""
    x4 = spec([None, 4], "float32", "x")
    pair = [spec([None, 4], "float32", "a"), spec([None, 4], "float32", "b")]
    w = tf.Variable(W, name="w")
    # inputs of equal shape, and outputs of equal shape and dtype
    write("pair", lambda a, b: {"left": a - 2 * b, "right": a * b}, pair)
    write("pair_swappedinputs", lambda a, b: {"left": b - 2 * a, "right": a * b}, pair)
    write("pair_swappedoutputs", lambda a, b: {"right": a - 2 * b, "left": a * b}, pair)
    write("pair_reordered", lambda b, a: {"right": b * a, "left": a - b - b}, pair[::-1])
    # bytes that print as the same string, and numbers that print as the same bytes
    n = spec([None], "int64", "n")
    write("text", lambda n: {"s": tf.strings.as_string(n)}, [n])
    write("text_padded", lambda n: {"s": tf.strings.as_string(n) + " "}, [n])
    write("text_numbers", lambda n: {"s": n}, [n])

    def with_step(value):
        step = tf.Variable(np.int64(value), name="step")
        return lambda x: {"y": x + tf.cast(step > 0, tf.float32)}, [x4], [step]

    # an integer that a float cannot tell from its neighbour, in a variable
    write("large", *with_step(2**62 + 1))
    write("large_rounded", *with_step(2**62))
    write("dropout", lambda x: {"y": tf.matmul(x, w)}, [x4], [w])
    write("dropout_on", lambda x: {"y": tf.nn.dropout(tf.matmul(x, w), 0.4)}, [x4], [w])
    # NaN where there was none, and the same NaN on both sides
    write("root", lambda x: {"y": tf.sqrt(x)}, [x4])
    write("root_mended", lambda x: {"y": tf.sqrt(tf.abs(x))}, [x4])
    # no rows whatever the inputs are
    write("rowless", lambda x: {"y": tf.boolean_mask(x, x[:, 0] > 1e9), "z": x}, [x4])

    def halves(factor):
        return lambda x: {
            "h": tf.cast(x, tf.float16) * factor,
            "b": tf.cast(x, tf.bfloat16) * factor,
        }

    write("narrow", halves(3.0), [x4])
    write("narrow_off", halves(3.1), [x4])

    def dense(value, name):
        kernel = tf.Variable(value, name=name)
        return lambda x: {"y": tf.matmul(x, kernel)}, [x4], [kernel]

    # one weight of a thousand changed, and one variable under another name
    large = np.random.RandomState(3).randn(4, 250).astype(np.float32)
    nudged = large.copy()
    nudged[3, 249] += 1e-3
    write("layer", *dense(large, "dense/kernel"))
    write("layer_renamed", *dense(large, "hidden/weights"))
    write("layer_nudged", *dense(nudged, "dense/kernel"))


def write_composite(tf, write, spec):
    """Write models whose outputs are ragged or sparse."""
    x4 = spec([None, 4], "float32", "x")

    def ragged(least, lengths=lambda rows: rows):
        def predict(x):
            kept = tf.ragged.boolean_mask(x, x > least)
            return {"y": kept.from_row_lengths(kept.values, lengths(kept.row_lengths()))}

        return predict, [x4]

    write("ragged", *ragged(0.0))
    write("ragged_otherrows", *ragged(0.0, lambda rows: rows[::-1]))
    write("ragged_less", *ragged(0.1))
    write("ragged_empty", *ragged(1e9))

    def sparse(least, columns=4):
        def predict(x):
            where = tf.where(x > least)
            shape = tf.stack([tf.shape(x, tf.int64)[0], columns])
            return {"y": tf.SparseTensor(where, tf.gather_nd(x, where), shape)}

        return predict, [x4]

    write("sparse", *sparse(0.0))
    write("sparse_wider", *sparse(0.0, 5))
    write("sparse_less", *sparse(0.1))
    write("sparse_empty", *sparse(1e9))


def write_dense_parts(tf, folder, write, spec):
    """Write models whose functions return the parts of a ragged or sparse output."""
    x4 = spec([None, 4], "float32", "x")

    def sparse(least):
        def predict(x):
            where = tf.where(x > least)
            return {"y": where, "y_1": tf.gather_nd(x, where), "y_2": tf.shape(x, tf.int64)}

        return predict, [x4]

    def ragged(x):
        kept = tf.ragged.boolean_mask(x, x > 0.0)
        return {"y": kept.values, "y_1": kept.row_splits}

    write("ragged_dense", ragged, [x4])
    write("sparse_dense", *sparse(0.0))
    write("sparse_denseless", *sparse(0.1))
    # as the bridge exports it: the SignatureDef tells of one tensor nevertheless
    for name, least in (("sparse_told", 0.0), ("sparse_toldless", 0.1)):
        write(name, *sparse(least))
        with changed(tf, os.path.join(folder, name)) as graph:
            outputs = graph.signature_def["serving_default"].outputs
            names = [outputs[key].name for key in ("y", "y_1", "y_2")]
            for key in ("y", "y_1", "y_2"):
                del outputs[key]
            outputs["y"].dtype = tf.float32.as_datatype_enum
            outputs["y"].tensor_shape.CopyFrom(tf.TensorShape([None, 4]).as_proto())
            parts = outputs["y"].coo_sparse
            parts.indices_tensor_name, parts.values_tensor_name = names[:2]
            parts.dense_shape_tensor_name = names[2]


def write_tables(tf, folder, write, spec):
    """Write models whose runs change a table or a queue, as both TensorFlows do."""
    v1 = tf.compat.v1
    lookup = tf.lookup.experimental
    x4 = spec([None, 4], "float32", "x")

    def counted(table, x, counts):
        key = tf.constant([5], tf.int64)
        seen = table.lookup(key)
        with tf.control_dependencies([table.insert(key, seen + 1)] if counts else []):
            # no output shows the count in the first thousand runs
            return 2 * x + tf.cast(seen > 1000, tf.float32)

    def tabled(counts):
        table = lookup.MutableHashTable(tf.int64, tf.int64, 0)
        return lambda x: {"y": counted(table, x, counts)}, [x4], [table]

    write("tabled", *tabled(True))
    write("tabled_not", *tabled(False))

    def session(name, build):
        with tf.Graph().as_default(), v1.Session() as running:
            x = v1.placeholder(tf.float32, [None, 4], name="x")
            y = build(x)
            running.run(v1.global_variables_initializer())
            v1.saved_model.simple_save(running, os.path.join(folder, name), {"x": x}, {"y": y})

    def queued(x):
        queue = v1.FIFOQueue(9, [tf.float32], shapes=[[]])
        with tf.control_dependencies([queue.enqueue(1.0)]):
            return 2 * x * queue.dequeue()

    def dense(x):
        table = lookup.DenseHashTable(tf.int64, tf.int64, 0, empty_key=-1, deleted_key=-2)
        return counted(table, x, True)

    def looped(x):
        # the gradient of a TensorFlow 1 loop keeps stacks, but only for as long as it runs
        v1.disable_control_flow_v2()
        try:
            _, y = v1.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, 2 * y), [0, x * x])
            return v1.gradients(y, x)[0] / 4
        finally:
            v1.enable_control_flow_v2()

    session("tabled_queue", queued)
    session("tabled_dense", dense)
    session("tabled_looped", looped)


def write_stateful(tf, write, spec):
    """Write models whose runs change a variable, or might."""
    x4 = spec([None, 4], "float32", "x")

    def counted(counts):
        count = tf.Variable(0.0, name="count")

        def predict(x):
            if counts:
                count.assign_add(1.0)
            # no output shows the count in the first thousand runs
            return {"y": 2 * x + tf.cast(count > 1000.0, tf.float32)}

        return predict, [x4], [count]

    write("counted", *counted(True))
    write("counted_not", *counted(False))
    mean = tf.Variable(np.ones(4, np.float32), name="mean")
    training = tf.Variable(False, name="training", trainable=False)

    def normalized(x):
        def train():
            mean.assign(0.9 * mean + 0.1 * tf.reduce_mean(x, 0))
            return x - mean

        return {"y": tf.cond(training, train, lambda: x - mean)}

    # a moving average that serving does not touch, though the graph could
    write("untaken", normalized, [x4], [mean, training])
