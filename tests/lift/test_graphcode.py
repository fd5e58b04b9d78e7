"""Graph code is respelled for a build, or refused by name; what is respelled computes the same."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from migrator.lift.graph_symbols import is_graph_symbol
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.text import applied
from migrator.names import Module
from migrator.vendor import bridge_text

RUNNER = Path(__file__).parent / "run_graphcode.py"
IMPORTS = "import tensorflow as tf\n"


def respelled(code: str, imports: str = IMPORTS) -> str:
    """Return ``code`` as it is spelled in a build."""
    module = Module(imports + code)
    graph = GraphCode(module, "tf")
    skip = len(ast.parse(imports).body)
    edits = [edit for node in module.tree.body[skip:] for edit in graph.edits(node)]
    return applied(module.text, edits)[len(imports) :]


# -- text ------------------------------------------------------------------------------------

SAME = [
    "tf.matmul(x, w)",
    "tf.nn.relu(x)",
    "tf.constant(1.0)",
    "tf.reduce_mean(x, 1)",
    "tf.concat([x, y], 1)",
    "with tf.name_scope('a'): x = tf.abs(x)",
    "tf.Variable(tf.zeros([2]), name='b', dtype=tf.float32)",
    "x.get_shape()[1].value",
    "v.op.name",
    "np.mean(x)",
    "self.tf.placeholder(x)",
]


@pytest.mark.parametrize("code", SAME)
def test_what_means_the_same_stays(code: str) -> None:
    """Code that TensorFlow 2 spells alike, or that is not TensorFlow's, keeps every byte."""
    assert respelled(code) == code


CHANGED = [
    ("tf.placeholder(tf.float32)", "tf2_bridge.feed(tf.TensorSpec(None, tf.float32))"),
    (
        "tf.placeholder(tf.float32, [None, 784], name='x')",
        "tf2_bridge.feed(tf.TensorSpec([None, 784], tf.float32, name='x'))",
    ),
    (
        "tf.placeholder(shape=(None, n), dtype='float', name=f(x))",
        "tf2_bridge.feed(tf.TensorSpec((None, n), 'float', name=f(x)))",
    ),
    (
        "tf.placeholder_with_default(1.0, [], 'keep')",
        "tf.compat.v1.placeholder_with_default(1.0, [], 'keep')",
    ),
    ("tf.layers.dense(x, 3)", "tf.compat.v1.layers.dense(x, 3)"),
    ("tf.get_variable('w', [2])", "tf.compat.v1.get_variable('w', [2])"),
    ("tf.Variable(0, False)", "tf.compat.v1.Variable(0, False)"),
    ("tf.Variable(x, collections=c)", "tf.compat.v1.Variable(x, collections=c)"),
    ("tf.log(x)", "tf.math.log(x)"),
    ("tf.random_normal([2])", "tf.random.normal([2])"),
    ("tf.to_float(x + 1)", "tf.cast(x + 1, tf.float32)"),
    ("tf.to_float(x, name='f')", "tf.compat.v1.to_float(x, name='f')"),
    (
        "tf.reduce_sum(tf.log(x), reduction_indices=[1], keep_dims=True)",
        "tf.reduce_sum(tf.math.log(x), axis=[1], keepdims=True)",
    ),
    ("tf.argmax(x, dimension=1)", "tf.argmax(x, axis=1)"),
    ("tf.nn.dropout(x, 0.5)", "tf.nn.dropout(x, rate=1 - 0.5)"),
    ("tf.nn.dropout(x, keep_prob=a + b)", "tf.nn.dropout(x, rate=1 - (a + b))"),
    ("tf.nn.dropout(x, rate=r)", "tf.compat.v1.nn.dropout(x, rate=r)"),
    (
        "tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)",
        "tf.compat.v1.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)",
    ),
    (
        "tf.nn.conv2d(x, f, [1] * 4, 'SAME', use_cudnn_on_gpu=True)",
        "tf.compat.v1.nn.conv2d(x, f, [1] * 4, 'SAME', use_cudnn_on_gpu=True)",
    ),
    ("tf.reduce_sum(*args)", "tf.compat.v1.reduce_sum(*args)"),
    ("map(tf.reduce_sum, x)", "map(tf.compat.v1.reduce_sum, x)"),
    (
        "tf.contrib.layers.xavier_initializer()",
        "tf.compat.v1.glorot_uniform_initializer()",
    ),
    (
        "tf.contrib.layers.xavier_initializer(uniform=True)",
        "tf.compat.v1.glorot_uniform_initializer()",
    ),
    (
        "tf.contrib.layers.xavier_initializer(uniform=False, seed=1)",
        "tf2_bridge.layers.xavier_initializer(uniform=False, seed=1)",
    ),
    ("tf.contrib.rnn.BasicLSTMCell(3)", "tf.compat.v1.nn.rnn_cell.BasicLSTMCell(3)"),
    ("tf.contrib.slim.conv2d(x, 3, [1, 1])", "tf2_bridge.slim.conv2d(x, 3, [1, 1])"),
    ("tf.contrib.layers.flatten(x)", "tf2_bridge.layers.flatten(x)"),
    ("mode == tf.contrib.learn.ModeKeys.TRAIN", 'mode == "train"'),
    ("tf.app.flags.FLAGS.rate", "tf.compat.v1.app.flags.FLAGS.rate"),
    ("tf.logging.info('a')", "tf.get_logger().info('a')"),
    ("tf.gfile.Exists(p)", "tf.io.gfile.exists(p)"),
    ("tf.set_random_seed(1)", "tf.random.set_seed(1)"),
    ("tf.saved_model.tag_constants.SERVING", "tf.saved_model.SERVING"),
    (
        "tf.saved_model.signature_constants.CLASSIFY_METHOD_NAME",
        "tf.saved_model.CLASSIFY_METHOD_NAME",
    ),
    ("with tf.name_scope(name): pass", "with tf.compat.v1.name_scope(name): pass"),
]


@pytest.mark.parametrize(("code", "expected"), CHANGED)
def test_what_changed_is_respelled(code: str, expected: str) -> None:
    """Names, and arguments where TensorFlow 2 has others, become what means the same."""
    assert respelled(code) == expected


@pytest.mark.parametrize(
    ("imports", "code", "expected"),
    [
        ("import tensorflow.compat.v1 as tf\n", "tf.log(x)", "tf.math.log(x)"),
        ("import tensorflow.compat.v1 as v1\n", "v1.matmul(x, y)", "tf.matmul(x, y)"),
        (
            "from tensorflow.contrib import rnn\n",
            "rnn.GRUCell(3)",
            "tf.compat.v1.nn.rnn_cell.GRUCell(3)",
        ),
        (
            "import tensorflow.contrib.slim as slim\n",
            "with slim.arg_scope([slim.conv2d]): slim.flatten(x)",
            "with tf2_bridge.slim.arg_scope([tf2_bridge.slim.conv2d]): tf2_bridge.slim.flatten(x)",
        ),
    ],
)
def test_other_imports(imports: str, code: str, expected: str) -> None:
    """However a symbol was imported, it is spelled from TensorFlow's name on."""
    assert respelled(code, imports) == expected


def test_layout_stays() -> None:
    """Lines, comments and the order of arguments are those of the original."""
    code = (
        "h = tf.layers.dense(  # hidden\n"
        "    tf.reduce_max(x,\n"
        "                  keep_dims=True,  # one\n"
        "                  reduction_indices=1),\n"
        "    units=3)\n"
    )
    assert respelled(code) == (
        "h = tf.compat.v1.layers.dense(  # hidden\n"
        "    tf.reduce_max(x,\n"
        "                  keepdims=True,  # one\n"
        "                  axis=1),\n"
        "    units=3)\n"
    )


REFUSED = [
    ("tf.train.batch([x], 3)", "tf.train.batch"),
    ("tf.FIFOQueue(3, tf.float32)", "queues"),
    ("tf.data.Dataset.from_tensors(x)", "iterators"),
    ("tf.train.MonitoredTrainingSession()", "managed"),
    ("tf.Session()", "session"),
    ("tf.train.Saver()", "tf.train.Saver"),
    ("tf.Graph()", "graph of its own"),
    ("tf.train.ClusterSpec(x)", "distributed"),
    ("tf.fixed_size_partitioner(3)", "partitioned"),
    ("tf.get_variable('w', [3], partitioner=p)", "partitioner"),
    ("tf.train.ExponentialMovingAverage(0.9).apply([x])", "averages of what may be no variables"),
    ("tf.keras.layers.Dense(3)", "Keras"),
    ("tf.GradientTape()", "TensorFlow 2 code"),
    ("tf.contrib.crf.crf_log_likelihood(x)", "tf.contrib.crf"),
    ("tf.contrib.slim.learning.train(op, d)", "tf.contrib.slim.learning.train"),
    ("tf.contrib.slim.assign_from_checkpoint_fn(p, v)", "assign_from_checkpoint_fn"),
    ("tf.contrib.legacy_seq2seq.rnn_decoder(x)", "legacy_seq2seq"),
    ("tf.mul(x, y)", "tf.mul"),
    ("tf.no_such_thing(x)", "tf.no_such_thing"),
    ("loss.eval()", "eval"),
    ("loss.eval(session=s)", "eval"),
    ("tf.placeholder(*a)", "`*`"),
    ("tf.placeholder(tf.float32, [2],  # why\n  'x')", "comment"),
    ("def f():\n    import tensorflow as t", "imported inside"),
    ("def f():\n    global x\n    x = 1", "changes names"),
]


@pytest.mark.parametrize(("code", "says"), REFUSED)
def test_what_has_no_place_is_refused(code: str, says: str) -> None:
    """What a build cannot hold refuses the lift and is named."""
    with pytest.raises(Refusal) as refused:
        respelled(code)
    assert says in refused.value.sentence


def test_needs_are_noted() -> None:
    """Legacy Keras, tf-slim and the parts of the bridge are told."""
    module = Module(
        IMPORTS + "tf.layers.dense(tf.placeholder(tf.int8), 3)\ntf.contrib.slim.l2_loss"
    )
    graph = GraphCode(module, "tf")
    graph.check(module.tree.body[1])
    assert graph.needs.legacy_keras == "tf.layers.dense"
    assert graph.needs.parts == {"graph_module"}
    assert graph.needs.requirements == {"tf-keras"}
    module = Module(IMPORTS + "tf.contrib.slim.conv2d(x)")
    graph = GraphCode(module, "tf")
    graph.check(module.tree.body[1])
    assert graph.needs.parts == {"slim"}
    assert graph.needs.requirements == {"tf-keras", "tf-slim"}
    plain = GraphCode(Module(IMPORTS), "tf").needs
    assert not plain.legacy_keras and not plain.parts and not plain.requirements


def test_replacements_come_first() -> None:
    """What the caller replaces is not looked at, and its edits stand among the others."""
    module = Module(IMPORTS + "tf.log(a) + tf.Session(b)")
    graph = GraphCode(
        module, "tf", lambda node, _: "c" if ast.unparse(node) == "tf.Session(b)" else None
    )
    assert applied(module.text, graph.edits(module.tree.body[1]))[len(IMPORTS) :] == (
        "tf.math.log(a) + c"
    )


@pytest.mark.parametrize(
    ("code", "graph"),
    [
        ("tf.matmul", True),
        ("tf.placeholder", True),
        ("tf.train.AdamOptimizer", True),
        ("tf.summary.scalar", True),
        ("tf.contrib.layers.conv2d", True),
        ("tf.global_variables_initializer", True),
        ("tf.float32", False),
        ("tf.app.flags.FLAGS", False),
        ("tf.gfile.Open", False),
        ("tf.logging.info", False),
        ("tf.summary.FileWriter", False),
        ("tf.train.Example", False),
        ("tf.train.latest_checkpoint", False),
        ("tf.ConfigProto", False),
        ("tf.Session", False),
        ("tf.set_random_seed", False),
        ("tf.contrib.learn.ModeKeys.EVAL", False),
        ("tf.errors.OutOfRangeError", False),
    ],
)
def test_graph_symbols(code: str, graph: bool) -> None:
    """Symbols that make graph are told from those that host code uses."""
    module = Module(IMPORTS + code)
    node = module.tree.body[1]
    assert isinstance(node, ast.Expr)
    symbol = module.symbol(node.value)
    assert symbol is not None
    assert is_graph_symbol(symbol) is graph


# -- numbers ---------------------------------------------------------------------------------

_START = """
x = tf.constant(np.arange(-6, 6).reshape(3, 4) / 4.0, tf.float32)
y = tf.constant(np.eye(4)[[0, 2, 1]], tf.float32)
k = tf.constant([[0, 3], [2, 1]])
p = tf.constant(np.arange(32).reshape(1, 4, 4, 2) % 7, tf.float32)
f = tf.constant(np.arange(16).reshape(2, 2, 2, 2) % 5, tf.float32)
"""

#: Expressions whose arguments, or functions, are others after the respelling.
NUMBERS = [
    *(f"tf.to_{kind}(x)" for kind in ("float", "double", "int32", "int64")),
    "tf.to_float(x, name='cast')",
    *(f"tf.reduce_{kind}(x, reduction_indices=[1])" for kind in ("sum", "mean", "max", "prod")),
    *(f"tf.reduce_{kind}(x, 1, True)" for kind in ("sum", "mean", "min", "logsumexp")),
    *(f"tf.reduce_{kind}(x > 0, keep_dims=True, axis=0)" for kind in ("any", "all")),
    "tf.reduce_sum(x, None, False, 'total', [0])",
    "tf.argmax(x, dimension=1)",
    "tf.argmax(x, 1, 'most', None, tf.int32)",
    "tf.argmin(x, 0)",
    "tf.arg_max(x, 1)",
    "tf.expand_dims(x, dim=1)",
    "tf.expand_dims(x, -1, 'wider')",
    "tf.squeeze(tf.expand_dims(x, 0), squeeze_dims=[0])",
    "tf.nn.softmax(x, dim=0)",
    "tf.nn.log_softmax(x, name='n')",
    "tf.nn.softplus(x, 'n')",
    "tf.nn.crelu(x, 'n')",
    "tf.nn.l2_normalize(x, dim=1)",
    "tf.nn.l2_normalize(x, 1)",
    "list(tf.nn.moments(x, [0], keep_dims=True))",
    "list(tf.nn.moments(x, [1], None, 'n', True))",
    "tf.norm(x, axis=1, keep_dims=True)",
    "tf.ones_like(tensor=x, dtype=tf.int32)",
    "tf.zeros_like(x, optimize=False)",
    "tf.size(x, 'n', tf.int64)",
    "tf.shape(x, out_type=tf.int64)",
    "tf.transpose(x, [1, 0], 'n')",
    "tf.gather(x, [2, 0], name='n')",
    "tf.gather(x, [1], None, 'n', 1)",
    "tf.nn.embedding_lookup(x, k[1])",
    "tf.nn.embedding_lookup([x, y], k[1], partition_strategy='div')",
    "tf.nn.conv2d(p, filter=f, strides=[1, 1, 1, 1], padding='SAME')",
    "tf.nn.conv2d(p, f, [1, 2, 2, 1], 'VALID', use_cudnn_on_gpu=False)",
    "tf.nn.max_pool(value=p, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')",
    "tf.nn.avg_pool(p, [1, 2, 2, 1], [1, 1, 1, 1], 'SAME')",
    "tf.nn.dropout(x, 1.0)",
    "tf.reduce_mean(tf.nn.dropout(tf.ones([20000]), keep_prob=0.25)) < 1.1",
    "tf.shape(tf.unique(tf.nn.dropout(tf.ones([99]), 0.5, [1]))[0])",
    "tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=y)",
    "tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)",
    "tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=k[0] * 0, logits=x[:2])",
    "tf.nn.weighted_cross_entropy_with_logits(targets=y, logits=x, pos_weight=2.0)",
    "tf.gradients(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x * 2), [x])[0]",
    "tf.gradients(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y * 2, logits=x), [y])[0]",
    "tf.convert_to_tensor([1, 2], tf.float32, 'n', tf.int32)",
    "tf.constant(3, tf.float32, [2, 2], 'n', verify_shape=False)",
    "tf.div(k, 2)",
    "tf.log(x + 3.0)",
    "tf.nn.xw_plus_b(x, tf.transpose(x), [1.0, 2.0, 3.0])",
    "tf.losses.mean_squared_error(y, x)",
    "tf.string_to_number(['1.5'])",
    "tf.where(x > 0, x, y)",
    "tf.where(x[:, 0] > -1, x, y)",
    "tf.cond(x[0, 0] > 0, lambda: x, lambda: y)",
    "tf.case([(x[0, 0] > 0, lambda: x)], default=lambda: y)",
    "tf.while_loop(lambda i: i < 5, lambda i: i + 2, [tf.constant(0)])",
    "tf.sparse_tensor_to_dense(tf.SparseTensor([[0, 1]], [2.0], [2, 2]))",
    "tf.image.resize_images(p, [2, 3])",
    "tf.image.resize_bilinear(p, [3, 3], align_corners=True)",
    "tf.cumsum(x, 1)",
    "tf.split(x, 2, 1)",
    "tf.unstack(x)",
    "tf.strided_slice(x, [0, 1], [2, 3])",
    "tf.confusion_matrix(k[0], k[1], 4)",
    "tf.add_n([x, y])",
    "tf.nn.in_top_k(x, k[0], 2) if False else tf.nn.in_top_k(x[:2], k[0], 2)",
    "tf.space_to_depth(p, 2)",
    "tf.nn.local_response_normalization(p)",
    "tf.batch_to_space(tf.concat([p] * 4, 0), [[0, 0], [0, 0]], block_size=2)",
    "tf.reverse_sequence(x, [1, 2, 3], seq_dim=1, batch_dim=0)",
    "tf.sequence_mask([1, 2])",
    "tf.count_nonzero(x, reduction_indices=1)",
    "tf.random_uniform([3], seed=1, dtype=tf.float32) < 1.0",
    "tf.nn.top_k(x, 2)[0]",
    "tf.verify_tensor_all_finite(x, 'm')",
    "tf.clip_by_global_norm([x, y], 1.0)[0]",
    "tf.train.exponential_decay(0.5, 3, 2, 0.5)",
]

#: Statements, whose last binds ``result``.
STATEMENTS = {
    "placeholders": """
a = tf.placeholder(tf.float32, [None, 2], name="a")
b = tf.placeholder("int32")
c = tf.placeholder(dtype=tf.bool, shape=())
d = tf.placeholder_with_default(3.0, [])
feeds = {a: [[1, 2]], b: [4, 5], c: True}
result = [a * 2, b + 1, tf.logical_not(c), d]
""",
    "variables": """
a = tf.Variable(2.0, False)
b = tf.Variable(1.0, tf.float32)
c = tf.Variable([1, 2], collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES], name="c")
e = tf.get_variable("e", [2], initializer=tf.constant_initializer(4.0))
names = [v.op.name for v in tf.trainable_variables()]
result = [a, b, c, e, tf.constant(names), tf.constant(len(tf.get_collection("mine")))]
""",
    "initializers": """
made = []
for index, initializer in enumerate([
    tf.contrib.layers.xavier_initializer(),
    tf.contrib.layers.xavier_initializer(uniform=True),
    tf.contrib.layers.xavier_initializer_conv2d(),
    tf.glorot_uniform_initializer(),
]):
    w = tf.get_variable("w%d" % index, [60, 40], initializer=initializer)
    made += [tf.reduce_max(tf.abs(w)) < 0.2449491, tf.reduce_max(tf.abs(w)) > 0.24]
for index, initializer in enumerate([
    tf.random_normal_initializer(), tf.truncated_normal_initializer(), tf.orthogonal_initializer(),
    tf.random_uniform_initializer(), tf.variance_scaling_initializer(),
]):
    w = tf.get_variable("v%d" % index, [100, 100], initializer=initializer)
    made.append(tf.round(tf.sqrt(tf.reduce_mean(tf.square(w))) * 10))
result = made
""",
}


def _pieces() -> dict[str, str]:
    pieces = {f"expression {n}": f"{_START}result = {code}" for n, code in enumerate(NUMBERS)}
    return {**pieces, **STATEMENTS}


@pytest.fixture(scope="module")
def numbers(
    tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What TensorFlow 1.15 computes with the pieces, and TensorFlow 2 with the respelled ones."""
    home = tmp_path_factory.mktemp("graphcode")
    (home / "tf2_bridge.py").write_text(bridge_text(["graph_module", "slim"]), encoding="utf-8")
    found = []
    for python, name, pieces in (
        (tf1_python, "before", _pieces()),
        (tf2_python, "after", {key: respelled(code) for key, code in _pieces().items()}),
    ):
        (home / f"{name}.json").write_text(json.dumps(pieces))
        done = subprocess.run(
            [python, str(RUNNER), str(home / f"{name}.json"), str(home / f"{name}.npz")],
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            pytest.fail(f"{name}: {done.stderr[-3000:]}")
        with np.load(home / f"{name}.npz") as stored:
            found.append({key: stored[key] for key in stored.files})
    return found[0], found[1]


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", _pieces())
def test_respelled_code_computes_the_same(
    numbers: tuple[dict[str, np.ndarray], dict[str, np.ndarray]], name: str
) -> None:
    """In a build, TensorFlow 2 gives the arrays that a session of TensorFlow 1.15 gives."""
    before, after = ({k: v for k, v in n.items() if k.startswith(f"{name}/")} for n in numbers)
    errors = [str(n[f"{name}/error"]) for n in (before, after) if f"{name}/error" in n]
    assert not errors, errors[0]
    assert before.keys() == after.keys() and before
    for key, value in before.items():
        assert value.dtype == after[key].dtype and value.shape == after[key].shape
        if value.dtype.kind == "f":
            np.testing.assert_allclose(after[key], value, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(after[key], value)
