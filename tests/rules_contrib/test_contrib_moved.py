"""Symbols that left contrib, TensorFlow's inside or TensorFlow 0.x are spelled as 2.21 has them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from engine_harness import plan_of

from migrator import rulebook
from migrator.results import Finding, Outcome
from migrator.rule import FileContext

ROOT = Path(__file__).resolve().parent.parent.parent
SAVER = "\nsaver = tf.train.Saver()\n"
CODES = ("TFM810", "TFM811", "TFM813", "TFM814", "TFM815")

rulebook.load_package()


def body(text: str) -> str:
    """Return what stands for ``text`` in a migrated file, without the lines every file gets."""
    plan = plan_of("import tensorflow as tf\n" + text + SAVER)
    assert plan.text is not None
    own = {"import tensorflow.compat.v1 as tf", "import tf2_bridge", "tf.disable_v2_behavior()", ""}
    rows = [
        row for row in plan.text.splitlines() if row not in own and "tf2_bridge.Saver" not in row
    ]
    return "\n".join(rows)


def findings(text: str, context: FileContext | None = None) -> list[Finding]:
    """Return the findings about what moved in ``text``."""
    plan = plan_of("import tensorflow as tf\n" + text + SAVER, context)
    return [finding for finding in plan.findings if finding.code in CODES]


REWRITTEN = {
    "full-path": ("c = tf.contrib.rnn.GRUCell(2)", "c = tf.nn.rnn_cell.GRUCell(2)"),
    "import-as": (
        "import tensorflow.contrib.rnn as rnn\nrnn.static_rnn(rnn.LSTMCell(2), x)",
        "tf.nn.static_rnn(tf.nn.rnn_cell.LSTMCell(2), x)",
    ),
    "from-contrib": (
        "from tensorflow.contrib import rnn as r, seq2seq\nr.GRUCell(seq2seq.hardmax(x))",
        "tf.nn.rnn_cell.GRUCell(tf2_bridge.seq2seq.hardmax(x))",
    ),
    "from-import": (
        "from tensorflow.contrib.rnn import LSTMCell, LSTMStateTuple as T\nT(LSTMCell(1), 2)",
        "tf.nn.rnn_cell.LSTMStateTuple(tf.nn.rnn_cell.LSTMCell(1), 2)",
    ),
    "contrib-as-a-name": (
        "from tensorflow import contrib\nc = contrib.rnn.GRUCell(2)",
        "c = tf.nn.rnn_cell.GRUCell(2)",
    ),
    "name-in-a-string": (
        "from tensorflow.contrib import rnn\nwith tf.variable_scope('rnn'):\n    rnn.GRUCell(2)",
        "with tf.variable_scope('rnn'):\n    tf.nn.rnn_cell.GRUCell(2)",
    ),
    "base-class": (
        "from tensorflow.contrib.rnn import RNNCell\nclass Mine(RNNCell):\n    pass",
        "class Mine(tf.nn.rnn_cell.RNNCell):\n    pass",
    ),
    "passed-on": (
        "from tensorflow.contrib.rnn import GRUCell\nmake(GRUCell, {'gru': GRUCell})",
        "make(tf.nn.rnn_cell.GRUCell, {'gru': tf.nn.rnn_cell.GRUCell})",
    ),
    "assigned-module": (
        "rnn = tf.contrib.rnn\nc = rnn.GRUCell(2)",
        "rnn = tf.nn.rnn_cell\nc = rnn.GRUCell(2)",
    ),
    "assigned-module-of-several": (
        "rnn = tf.contrib.rnn\nc = rnn.static_rnn(rnn.GRUCell(2), x)",
        "c = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(2), x)",
    ),
    "assigned-class": (
        "Cell = tf.contrib.rnn.GRUCell\nc = Cell(2)",
        "Cell = tf.nn.rnn_cell.GRUCell\nc = Cell(2)",
    ),
    "assigned-from-a-module": (
        "from tensorflow.contrib import rnn\nCell = rnn.GRUCell\nc = Cell(2)",
        "Cell = tf.nn.rnn_cell.GRUCell\nc = Cell(2)",
    ),
    "chosen": (
        "from tensorflow.contrib import rnn\nif gru:\n    cell = rnn.GRUCell\nelse:\n"
        "    cell = rnn.LSTMCell\nc = cell(2)",
        "if gru:\n    cell = tf.nn.rnn_cell.GRUCell\nelse:\n"
        "    cell = tf.nn.rnn_cell.LSTMCell\nc = cell(2)",
    ),
    "in-a-function": (
        "def f():\n    from tensorflow.contrib import rnn\n    return rnn.GRUCell(2)",
        "def f():\n    return tf.nn.rnn_cell.GRUCell(2)",
    ),
    "unused": ("from tensorflow.contrib import rnn\nx = 1", "x = 1"),
    "private-path": (
        "from tensorflow.contrib.training.python.training.hparam import HParams\nh = HParams(a=1)",
        "h = tf2_bridge.HParams(a=1)",
    ),
    "private-module": (
        "from tensorflow.contrib.seq2seq.python.ops import helper\nhelper.TrainingHelper(x, n)",
        "tf2_bridge.seq2seq.TrainingHelper(x, n)",
    ),
    "two-of-two-kinds": (
        "from tensorflow.contrib import lookup\nt = lookup.index_table_from_tensor(m)\n"
        "i = lookup.KeyValueTensorInitializer(k, v)",
        "t = tf2_bridge.lookup.index_table_from_tensor(m)\n"
        "i = tf.lookup.KeyValueTensorInitializer(k, v)",
    ),
    "other-order": (
        "tf.contrib.metrics.streaming_accuracy(p, y, None, ['m'])",
        "tf.metrics.accuracy(y, p, weights=None, metrics_collections=['m'])",
    ),
    "by-keyword": (
        "tf.contrib.metrics.streaming_auc(labels=y, predictions=p, curve='PR')",
        "tf.metrics.auc(y, p, curve='PR')",
    ),
    "nested": (
        "tf.contrib.metrics.streaming_recall("
        "tf.contrib.framework.nest.flatten(p)[0], tf.mul(y, 1))",
        "tf.metrics.recall(tf.multiply(y, 1), tf.nest.flatten(p)[0])",
    ),
    "lambda": (
        "d = d.apply(tf.contrib.data.batch_and_drop_remainder(n))",
        "d = d.apply(lambda rows: rows.batch(n, drop_remainder=True))",
    ),
    "lambda-alone": (
        "d = [tf.contrib.data.batch_and_drop_remainder(n)]",
        "d = [(lambda rows: rows.batch(n, drop_remainder=True))]",
    ),
    "audio": (
        "from tensorflow.contrib.framework.python.ops import audio_ops as a\n"
        "s = a.audio_spectrogram(w, 480, stride=160, magnitude_squared=True)",
        "s = tf.raw_ops.AudioSpectrogram(input=w, window_size=480, stride=160,"
        " magnitude_squared=True)",
    ),
    "same-object": ("tf.contrib.signal.stft(x, 4, 2)", "tf.signal.stft(x, 4, 2)"),
    "inside": (
        "from tensorflow.python.ops import control_flow_ops\ny = control_flow_ops.cond(a, f, g)",
        "y = tf.cond(a, f, g)",
    ),
    "inside-one-of-two": (
        "from tensorflow.python.ops import control_flow_ops as c, math_ops\n"
        "y = c.cond(math_ops.less(a, b), f, g)",
        "from tensorflow.python.ops import math_ops\ny = tf.cond(math_ops.less(a, b), f, g)",
    ),
    "shape": (
        "from tensorflow.python.framework import tensor_shape\ns = [tensor_shape.scalar()]",
        "s = [tf.TensorShape([])]",
    ),
    "old": (
        "y = tf.mul(tf.pack([a]), tf.neg(b))",
        "y = tf.multiply(tf.stack([a]), tf.negative(b))",
    ),
    "old-summary": (
        "tf.image_summary('i', x, max_images=2)\nw = tf.train.SummaryWriter(d, s.graph)",
        "tf.summary.image('i', x, max_outputs=2)\nw = tf.summary.FileWriter(d, s.graph)",
    ),
    "old-module": (
        "loss = tf.nn.seq2seq.sequence_loss_by_example([l], [t], [w])",
        "loss = tf2_bridge.legacy_seq2seq.sequence_loss_by_example([l], [t], [w])",
    ),
}


@pytest.mark.parametrize(("before", "after"), REWRITTEN.values(), ids=REWRITTEN.keys())
def test_rewritten(before: str, after: str) -> None:
    """What moved is spelled anew whole, its imports go, and nothing is said to be gone."""
    assert body(before) == after
    assert {f.outcome for f in findings(before)} == {Outcome.REWRITTEN}


PARTLY = {
    "module": (
        "from tensorflow.contrib import rnn\na = rnn.GRUCell(2)\nb = rnn.Conv9LSTMCell(2)",
        "a = tf.nn.rnn_cell.GRUCell(2)\nb = tf.contrib.rnn.Conv9LSTMCell(2)",
    ),
    "names": (
        "from tensorflow.contrib.rnn import GRUCell, Conv9LSTMCell\nf(GRUCell, Conv9LSTMCell)",
        "f(tf.nn.rnn_cell.GRUCell, tf.contrib.rnn.Conv9LSTMCell)",
    ),
    "one-argument": (
        "tf.scalar_summary('a', x)\ntf.scalar_summary('b', y, name='n')",
        "tf.summary.scalar('a', x)\ntf.scalar_summary('b', y, name='n')",
    ),
}


@pytest.mark.parametrize(("before", "after"), PARTLY.values(), ids=PARTLY.keys())
def test_partly(before: str, after: str) -> None:
    """What is lost of a module is spelled in full and reported with a way out; the rest moves."""
    assert body(before) == after
    found = findings(before)
    assert {f.outcome for f in found} == {Outcome.REWRITTEN, Outcome.MANUAL}
    assert all(f.recipe for f in found if f.outcome is Outcome.MANUAL)


LEFT = {
    "no-successor": "from tensorflow.contrib import graph_editor as ge\nge.sgv(x)",
    "star": "from tensorflow.contrib.rnn import *\nc = GRUCell(2)",
    "try": "try:\n    from tensorflow.contrib.rnn import GRUCell\nexcept ImportError:\n"
    "    GRUCell = None\nGRUCell(2)",
    "not-called": "make(tf.contrib.metrics.streaming_auc)",
    "stars-in-a-call": "tf.contrib.metrics.streaming_auc(*args, **options)",
    "argument-without-a-place": "s = tf.contrib.distribute.MirroredStrategy(num_gpus=2)",
    "captured": "d = d.apply(tf.contrib.data.batch_and_drop_remainder(rows))",
    "generator": "tf.contrib.metrics.streaming_accuracy(p, (v for v in y))",
    "private-without-a-place": "import tensorflow.python.training.tracking as t\nt.nothing()",
    "unknown": "tf.contrib.rnn.Conv9LSTMCell(2)",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_left(text: str) -> None:
    """What cannot be moved exactly keeps every byte, and a person is told what to do."""
    assert body(text) == text
    found = findings(text)
    assert found
    assert {f.outcome for f in found} == {Outcome.MANUAL}
    assert all(f.recipe for f in found)


@pytest.mark.parametrize(
    "text",
    [
        "rnn = make()\nrnn.GRUCell(2)",
        "def f(rnn):\n    return rnn.GRUCell(2)",
        "from mine.contrib import rnn\nrnn.GRUCell(2)",
        "from . import contrib\ncontrib.rnn.GRUCell(2)",
        "c = tf.nn.rnn_cell.GRUCell(2)",
        "def mul(a, b):\n    return a * b\nmul(1, 2)",
        "x.contrib.rnn.GRUCell(2)",
        "from tensorflow.python.ops import math_ops\nmath_ops.add(a, b)",
        "s = 'tf.contrib.rnn.GRUCell'",
        "tf.contrib = stub()",
        "t = tf.lookup.StaticHashTable(i, -1)",
        "d = d.apply(tf.data.experimental.map_and_batch(f, 2))",
        "tf.summary.scalar('a', x)",
        "y = tf.multiply(a, b)",
        "from tf_slim import losses\nlosses.log_loss(a, b)",
        "import numpy as np\nnp.contrib.rnn.GRUCell(2)",
        "class tf2:\n    contrib = None\ntf2.contrib.rnn",
    ],
)
def test_nothing_to_do(text: str) -> None:
    """Names that only look like what moved are not touched and not mentioned."""
    assert body(text) == text
    assert [f for f in findings(text) if f.code != "TFM810"] == []


def test_other_bindings_stay() -> None:
    """A name that is bound in two ways is left with both."""
    text = (
        "from tensorflow.contrib.rnn import GRUCell\nif mine:\n    from cells import GRUCell\n"
        "GRUCell(2)"
    )
    assert body(text) == text


def test_a_package_keeps_what_others_may_import() -> None:
    """The imports of an ``__init__.py`` stay; those inside its functions go."""
    context = FileContext(path="pkg/__init__.py")
    text = "from tensorflow.contrib.rnn import GRUCell\n"
    assert {f.outcome for f in findings(text, context)} == {Outcome.MANUAL}
    inner = "def f():\n    from tensorflow.contrib.rnn import GRUCell\n    return GRUCell(2)"
    assert {f.outcome for f in findings(inner, context)} == {Outcome.REWRITTEN}


def test_only_in_a_program_that_moves() -> None:
    """Where the program stays on TensorFlow 1, its symbols stay, and are reported as gone."""
    for text, _ in REWRITTEN.values():
        found = findings(text, FileContext(move=False))
        assert {(f.code, f.outcome) for f in found} <= {("TFM810", Outcome.MANUAL)}


def test_a_file_that_spells_compat_v1_goes_on_doing_so() -> None:
    """Where the import of TensorFlow stays, what only compat.v1 has is spelled that way."""
    text = (
        "import tensorflow as tf\nx = tf.compat.v1.placeholder(tf.float32)\n"
        "c = tf.contrib.rnn.GRUCell(2)\ntf.contrib.metrics.streaming_recall(p, y)\n"
        "z = tf.mul(x, x)\nsaver = tf.compat.v1.train.Saver()\n"
    )
    made = plan_of(text).text
    assert made is not None
    assert "c = tf.compat.v1.nn.rnn_cell.GRUCell(2)\n" in made
    assert "tf.compat.v1.metrics.recall(y, p)\n" in made
    assert "z = tf.multiply(x, x)\n" in made


def test_suppressed() -> None:
    """A comment keeps a place from the rule."""
    text = "c = tf.contrib.rnn.GRUCell(2)  # migrator: keep[TFM813] later"
    assert body(text) == text
    assert {f.outcome for f in findings(text)} == {Outcome.SUPPRESSED}


def test_parsing_flags_by_hand_is_reported() -> None:
    """The one private function of flags that neither version has is a person's to delete."""
    for flags in ("tf.flags", "tf.app.flags"):
        plan = plan_of(
            f"import tensorflow as tf\nFLAGS = {flags}.FLAGS\nFLAGS._parse_flags(){SAVER}"
        )
        told = [(f.code, f.outcome) for f in plan.findings if f.span.line == 3]
        assert told == [("TFM816", Outcome.MANUAL)]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_the_table_is_what_the_installations_have(tf1_python: str, tf2_python: str) -> None:
    """The generator gives the table that is stored; it refuses a line that is not true."""
    tool = ROOT / "tests" / "tools" / "make_moved_table.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--tf1", tf1_python, "--tf2", tf2_python, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
