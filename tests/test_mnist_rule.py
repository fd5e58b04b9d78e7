"""MNIST's reader is taken from the bridge however it is imported, and nothing else is."""

from __future__ import annotations

import pytest
from engine_harness import plan_of

from migrator.results import Outcome
from migrator.rule import FileContext

SAVES = "\nsaver = tf.train.Saver()\n"
TUTORIAL = "tensorflow.examples.tutorials.mnist"

REWRITTEN = {
    f"from {TUTORIAL} import input_data": "from tf2_bridge import input_data",
    f"from {TUTORIAL} import input_data as data": "from tf2_bridge import input_data as data",
    f"import {TUTORIAL}.input_data as data": "from tf2_bridge import input_data as data",
    f"from {TUTORIAL}.input_data import read_data_sets": "from tf2_bridge import read_data_sets",
    f"from {TUTORIAL}.input_data import read_data_sets as read, DataSet": (
        "from tf2_bridge import read_data_sets as read, DataSet"
    ),
    "from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets": (
        "from tf2_bridge import read_data_sets"
    ),
    "from tensorflow.contrib.learn.python.learn.datasets import mnist as m": (
        "from tf2_bridge import input_data as m"
    ),
}


@pytest.mark.parametrize("line", REWRITTEN)
@pytest.mark.parametrize("indent", ["", "if True:\n    ", "try:\n    pass\nfinally:\n    "])
def test_imports_are_rewritten(line: str, indent: str) -> None:
    """Each spelling becomes an import of the bridge, wherever it stands."""
    name = line.rpartition(" ")[2]
    plan = plan_of(f"import tensorflow as tf\n{indent}{line}\nprint({name}){SAVES}")
    assert plan.text is not None
    assert REWRITTEN[line] in plan.text
    assert "examples" not in plan.text and "contrib" not in plan.text
    assert "mnist" in plan.parts
    assert Outcome.MANUAL not in {finding.outcome for finding in plan.findings}


def test_uses_of_an_import_stay() -> None:
    """The calls through the imported name are the user's, and no finding is left on them."""
    source = (
        f"import tensorflow as tf\nfrom {TUTORIAL} import input_data\n"
        "data = input_data\n"
        "mnist = data.read_data_sets('MNIST_data', one_hot=True)\n"
        "def load():\n    return input_data.read_data_sets('other')\n" + SAVES
    )
    plan = plan_of(source)
    assert plan.text is not None
    assert "mnist = data.read_data_sets('MNIST_data', one_hot=True)" in plan.text
    assert {f.code for f in plan.findings if f.outcome is Outcome.MANUAL} == set()


@pytest.mark.parametrize("spelled", ["tf.contrib.learn.datasets.mnist"])
def test_chains_are_rewritten(spelled: str) -> None:
    """What is spelled from TensorFlow itself is spelled from the bridge."""
    plan = plan_of(f"import tensorflow as tf\nm = {spelled}.read_data_sets('d'){SAVES}")
    assert plan.text is not None
    assert "m = tf2_bridge.input_data.read_data_sets('d')" in plan.text
    assert "import tf2_bridge" in plan.text


LEFT = {
    "another function": f"from {TUTORIAL}.input_data import maybe_download",
    "the networks of the tutorial": f"from {TUTORIAL} import mnist",
    "the reader beside the networks": f"from {TUTORIAL} import input_data, mnist",
    "the package": f"import {TUTORIAL} as data",
    "without a name": f"import {TUTORIAL}.input_data",
}


@pytest.mark.parametrize("line", LEFT.values(), ids=LEFT)
def test_what_the_bridge_lacks_is_left_and_said(line: str) -> None:
    """An import that cannot be taken over whole keeps its line, with a way out."""
    plan = plan_of(f"import tensorflow as tf\n{line}\n{SAVES}")
    assert plan.text is None or line in plan.text
    (finding,) = [f for f in plan.findings if f.code in ("TFM825", "TFM810")]
    assert finding.outcome is Outcome.MANUAL and finding.recipe


NOTHING = [
    "import input_data",
    "from . import input_data",
    "from mnist import input_data",
    "import mnist_input_data as input_data",
    "from trainer import input_data",
    "mnist = tf.keras.datasets.mnist",
    "input_data = None",
    "from tflearn.layers.core import input_data",
]


@pytest.mark.parametrize("line", NOTHING)
def test_other_readers_are_left_alone(line: str) -> None:
    """A module of the user's, and other libraries, get no finding."""
    plan = plan_of(f"import tensorflow as tf\n{line}\n{SAVES}")
    assert "TFM825" not in {finding.code for finding in plan.findings}
    assert plan.text is not None and line in plan.text


def test_a_kept_line_stays() -> None:
    """A comment keeps the import."""
    line = f"from {TUTORIAL} import input_data  # migrator: keep[TFM825] ours"
    plan = plan_of(f"import tensorflow as tf\n{line}\n{SAVES}")
    assert plan.text is not None and line in plan.text


def test_a_program_that_does_not_move_keeps_its_import() -> None:
    """Without saving code the file stays as it is."""
    source = f"import tensorflow as tf\nfrom {TUTORIAL} import input_data\n"
    assert plan_of(source, FileContext(move=False)).text is None
