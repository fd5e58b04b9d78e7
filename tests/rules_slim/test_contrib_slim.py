"""Programs on ``tf.contrib.slim`` and ``tf.contrib.layers`` run on TensorFlow 2 as they did."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from engine_harness import plan_of

from migrator import migration, rulebook
from migrator import slim_symbols as symbols
from migrator.results import Finding, Outcome
from migrator.rule import FileContext

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLE = ROOT / "migrator" / "data" / "slim.txt"
SAVER = "\nsaver = tf.train.Saver()\n"

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
    """Return the findings about contrib in ``text``."""
    plan = plan_of("import tensorflow as tf\n" + text + SAVER, context)
    return [finding for finding in plan.findings if finding.code in ("TFM810", "TFM811")]


REWRITTEN = {
    "import-as": (
        "import tensorflow.contrib.slim as slim\nslim.conv2d(x, 1, 1)",
        "from tf2_bridge import slim\nslim.conv2d(x, 1, 1)",
    ),
    "from-import": (
        "from tensorflow.contrib import slim\nslim.conv2d(x, 1, 1)",
        "from tf2_bridge import slim\nslim.conv2d(x, 1, 1)",
    ),
    "from-import-as": (
        "from tensorflow.contrib import slim as s\ns.conv2d(x, 1, 1)",
        "from tf2_bridge import slim as s\ns.conv2d(x, 1, 1)",
    ),
    "two-modules": (
        "from tensorflow.contrib import slim, layers as l\nl.flatten(slim.conv2d(x, 1, 1))",
        "from tf2_bridge import layers as l, slim\nl.flatten(slim.conv2d(x, 1, 1))",
    ),
    "unused-import": ("from tensorflow.contrib import slim", "from tf2_bridge import slim"),
    "framework": (
        "from tensorflow.contrib import framework as f\nwith f.arg_scope([g]):\n    g()",
        "from tf2_bridge import slim as f\nwith f.arg_scope([g]):\n    g()",
    ),
    "function": (
        "from tensorflow.contrib.layers import xavier_initializer as xavier\nw = xavier(seed=1)",
        "from tf2_bridge import layers\nw = layers.xavier_initializer(seed=1)",
    ),
    "function-name-taken": (
        "from tensorflow.contrib.layers import flatten\nlayers = [1, 2]\ny = flatten(x)",
        "from tf2_bridge import layers as tf_layers\nlayers = [1, 2]\ny = tf_layers.flatten(x)",
    ),
    "functions-one-unused": (
        "from tensorflow.contrib.layers import flatten, batch_norm\ny = flatten(x)",
        "from tf2_bridge import layers\ny = layers.flatten(x)",
    ),
    "nets": (
        "from tensorflow.contrib.slim.nets import vgg\nvgg.vgg_16(x)",
        "from tf2_bridge import slim\nslim.nets.vgg.vgg_16(x)",
    ),
    "private": (
        "from tensorflow.contrib.slim.python.slim.learning import train_step\nf(train_step)",
        "from tf2_bridge import slim\nf(slim.learning.train_step)",
    ),
    "private-layers": (
        "from tensorflow.contrib.layers.python.layers import utils\nutils.smart_cond(a, b, c)",
        "from tf2_bridge import layers\nlayers.utils.smart_cond(a, b, c)",
    ),
    "assigned": (
        "slim = tf.contrib.slim\nslim.conv2d(x, 1, 1)",
        "slim = tf2_bridge.slim\nslim.conv2d(x, 1, 1)",
    ),
    "assigned-in-a-function": (
        "def f(x):\n    layers = tf.contrib.layers\n    return layers.flatten(x)",
        "def f(x):\n    layers = tf2_bridge.layers\n    return layers.flatten(x)",
    ),
    "assigned-function": (
        "import tensorflow.contrib.slim as slim\nconv = slim.conv2d\nconv(x, 1, 1)",
        "from tf2_bridge import slim\nconv = slim.conv2d\nconv(x, 1, 1)",
    ),
    "full-path": (
        "y = tf.contrib.layers.fully_connected(x, 2)",
        "y = tf2_bridge.layers.fully_connected(x, 2)",
    ),
    "full-path-framework": (
        "vs = tf.contrib.framework.get_variables('a')",
        "vs = tf2_bridge.slim.get_variables('a')",
    ),
    "from-contrib": (
        "from tensorflow import contrib\ny = contrib.layers.flatten(x)",
        "y = tf2_bridge.layers.flatten(x)",
    ),
    "default": (
        "def f(x, init=tf.contrib.layers.xavier_initializer()):\n    return init",
        "def f(x, init=tf2_bridge.layers.xavier_initializer()):\n    return init",
    ),
    "decorator": (
        "@tf.contrib.framework.add_arg_scope\ndef f(x):\n    return x",
        "@tf2_bridge.slim.add_arg_scope\ndef f(x):\n    return x",
    ),
    "inside-a-function": (
        "def f(x):\n    from tensorflow.contrib import slim\n    return slim.flatten(x)",
        "def f(x):\n    from tf2_bridge import slim\n    return slim.flatten(x)",
    ),
    "in-try": (
        "try:\n    import tf_slim as slim\nexcept ImportError:\n"
        "    import tensorflow.contrib.slim as slim",
        "try:\n    import tf_slim as slim\nexcept ImportError:\n    from tf2_bridge import slim",
    ),
}


@pytest.mark.parametrize(("before", "after"), REWRITTEN.values(), ids=REWRITTEN.keys())
def test_rewritten(before: str, after: str) -> None:
    """What tf-slim has comes from the bridge, whole, and nothing is said to be gone."""
    assert body(before) == after
    assert {f.outcome for f in findings(before)} == {Outcome.REWRITTEN}


PARTLY = {
    "assignment": (
        "layers = tf.contrib.layers\nlayers.flatten(x)\nlayers.embed_sequence(x)",
        "layers = tf2_bridge.layers\nlayers.flatten(x)\ntf.contrib.layers.embed_sequence(x)",
    ),
    "function": (
        "from tensorflow.contrib.layers import flatten, embed_sequence\nflatten(embed_sequence(x))",
        "from tf2_bridge import layers\nlayers.flatten(tf.contrib.layers.embed_sequence(x))",
    ),
    "module": (
        "import tensorflow.contrib.slim as slim\nslim.flatten(x)\nslim.bow_encoder(x)",
        "from tf2_bridge import slim\nslim.flatten(x)\ntf.contrib.slim.bow_encoder(x)",
    ),
    "other-module": (
        "from tensorflow.contrib import slim, graph_editor\nslim.flatten(graph_editor.sgv(x))",
        "from tf2_bridge import slim\nslim.flatten(tf.contrib.graph_editor.sgv(x))",
    ),
}


@pytest.mark.parametrize(("before", "after"), PARTLY.values(), ids=PARTLY.keys())
def test_partly(before: str, after: str) -> None:
    """What tf-slim lacks is spelled in full and reported; the rest moves."""
    assert body(before) == after
    assert {f.outcome for f in findings(before)} == {Outcome.REWRITTEN, Outcome.MANUAL}


BESIDE = {
    "framework": ("tf.contrib.framework.nest.flatten(x)", "tf.nest.flatten(x)"),
    "framework-import": (
        "from tensorflow.contrib import framework as f\nf.nest.flatten(f.get_variables('a'))",
        "from tf2_bridge import slim as f\ntf.nest.flatten(f.get_variables('a'))",
    ),
    "other-module": (
        "from tensorflow.contrib import slim, rnn\nslim.flatten(rnn.GRUCell(2))",
        "from tf2_bridge import slim\nslim.flatten(tf.nn.rnn_cell.GRUCell(2))",
    ),
    "only-another": (
        "from tensorflow.contrib.framework import nest\nnest.flatten(x)",
        "tf.nest.flatten(x)",
    ),
}


@pytest.mark.parametrize(("before", "after"), BESIDE.values(), ids=BESIDE.keys())
def test_beside(before: str, after: str) -> None:
    """What TensorFlow itself has moves with what tf-slim has."""
    assert body(before) == after


LEFT = {
    "import": "import tensorflow.contrib.slim as slim\nslim.real_valued_column('x')",
    "alias": "slim = tf.contrib.slim\nf = slim.bow_encoder\nf(x)",
    "full-path": "tf.contrib.layers.sparse_column_with_keys('a', [])",
    "unknown": "tf.contrib.slim.conv9d(x)",
    "star": "from tensorflow.contrib.slim import *\nconv2d(x, 1, 1)",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_left(text: str) -> None:
    """What tf-slim lacks keeps its whole module as it is, and a person is told."""
    assert body(text) == text
    found = findings(text)
    assert found
    assert {f.outcome for f in found} == {Outcome.MANUAL}
    assert all(f.recipe for f in found)


@pytest.mark.parametrize(
    "text",
    [
        "slim = make()\nslim.conv2d(x)",
        "def f(slim):\n    return slim.conv2d(x)",
        "import tf_slim as slim\nslim.conv2d(x)",
        "from tf2_bridge import slim\nslim.conv2d(x)",
        "from layers import xavier_initializer\nxavier_initializer()",
    ],
)
def test_not_contrib(text: str) -> None:
    """Names that only look like contrib's are not touched and not mentioned."""
    assert body(text) == text
    assert findings(text) == []


def test_only_in_a_program_that_moves() -> None:
    """Where the program stays on TensorFlow 1, contrib stays, and is reported as gone."""
    text = "import tensorflow.contrib.slim as slim\nslim.conv2d(x, 1, 1)"
    found = findings(text, FileContext(move=False))
    assert {(f.code, f.outcome) for f in found} == {("TFM810", Outcome.MANUAL)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import tf2_bridge", "from tf2_bridge import slim"),
        ("from . import tf2_bridge", "from .tf2_bridge import slim"),
        ("from .. import tf2_bridge", "from ..tf2_bridge import slim"),
        ("from pkg import tf2_bridge", "from pkg.tf2_bridge import slim"),
        ("from migrator import bridge as tf2_bridge", "from migrator.bridge import slim"),
    ],
)
def test_where_the_bridge_is(line: str, expected: str) -> None:
    """The import names the bridge as the file's other imports of it do."""
    text = "from tensorflow.contrib import slim\nslim.flatten(1)\n"
    plan = plan_of(text, FileContext(bridge_import=line))
    assert plan.text == f"{expected}\nslim.flatten(1)\n"
    assert plan.parts == {"slim"}


def test_successors() -> None:
    """The table knows modules, functions, private places, and what tf-slim lacks."""
    assert symbols.successor("tf.contrib.slim") == "slim"
    assert symbols.successor("tf.contrib.layers") == "layers"
    assert symbols.successor("tf.contrib.framework") == "slim"
    assert symbols.successor("tf.contrib.slim.losses.log_loss") == "slim.losses.log_loss"
    assert (
        symbols.successor("tf.contrib.framework.python.ops.add_arg_scope") == "slim.add_arg_scope"
    )
    assert symbols.successor("tf.contrib.layers.embedding_column") is None
    assert symbols.successor("tf.contrib.rnn.LSTMCell") is None


@pytest.mark.tensorflow
def test_every_successor_exists(tf2_python: str, tmp_path: Path) -> None:
    """Each name of the table is found on TensorFlow 2 where the table says."""
    names = {}
    section = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = f"tf.{line[1:-1]}"
        elif line and line[0] not in "#=":
            name = f"{section}.{line.partition(' ')[0]}"
            names[name] = symbols.successor(name)
    listed = {name: spelled for name, spelled in names.items() if spelled is not None}
    assert len(listed) > 600
    code = (
        "import json, operator, sys; from migrator import bridge\n"
        "for name in json.load(sys.stdin).values(): operator.attrgetter(name)(bridge)"
    )
    done = subprocess.run(
        [tf2_python, "-c", code],
        input=json.dumps(listed),
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_the_table_is_what_the_installations_have(tf1_python: str, tf2_python: str) -> None:
    """The generator gives the table that is stored."""
    tool = ROOT / "tests" / "tools" / "make_slim_table.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--tf1", tf1_python, "--tf2", tf2_python, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_a_network_is_the_same(tf1_python: str, tf2_python: str, tmp_path: Path) -> None:
    """Names, seeded initial values, losses, updates and checkpoints of a trained network agree."""
    results = {}
    for name, python in (("one", tf1_python), ("two", tf2_python)):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(HERE / "network.py", folder)
        if name == "two":
            found = migration.migrate([folder])
            assert found.write() == {}
            text = (folder / "network.py").read_text(encoding="utf-8")
            assert not re.search(r"^(?!.*\"\"\").*contrib", text.split('"""', 2)[2], re.M)
        done = subprocess.run(
            [python, "network.py", str(folder / "out.npz")],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
            | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(folder / "out.npz") as arrays:
            results[name] = {key: arrays[key] for key in arrays.files}
    one, two = results["one"], results["two"]
    assert one.keys() == two.keys()
    assert len(one) > 60
    for key, before in one.items():
        if key.startswith("names/"):
            assert before.size
            assert before.tolist() == two[key].tolist(), key
        else:
            np.testing.assert_allclose(two[key], before, rtol=1e-5, atol=1e-5, err_msg=key)
