"""The import lines of a migrated file; whole files are in the goldens ``import_*``."""

from __future__ import annotations

import pytest
from engine_harness import plan_of

from migrator import imports
from migrator.names import Module
from migrator.results import Outcome
from migrator.rule import FileContext

NEUTRAL = FileContext(neutral=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import tensorflow as tf", "import tensorflow.compat.v1 as tf"),
        ("import tensorflow", "import tensorflow.compat.v1 as tensorflow"),
        ("import tensorflow.keras", "import tensorflow.compat.v1 as tensorflow"),
        ("import tensorflow.keras as k", "import tensorflow.compat.v1.keras as k"),
        ("import tensorflow as tf, os", "import tensorflow.compat.v1 as tf, os"),
        ("import os, tensorflow as tf", "import os, tensorflow.compat.v1 as tf"),
        ("from tensorflow import train", "from tensorflow.compat.v1 import train"),
        (
            "from tensorflow import train as t, nn",
            "from tensorflow.compat.v1 import train as t, nn",
        ),
        ("from tensorflow import (\n    nn,\n)", "from tensorflow.compat.v1 import (\n    nn,\n)"),
        ("from tensorflow import *", "from tensorflow.compat.v1 import *"),
        ("from tensorflow.keras import layers", "from tensorflow.compat.v1.keras import layers"),
        ("import tensorflow  as  tf # x", "import tensorflow.compat.v1  as  tf # x"),
        ("import tensorflow as tf;import os", "import tensorflow.compat.v1 as tf;import os"),
    ],
)
def test_the_swap_of_one_statement(before, after):
    """The module path changes, the names it binds, the layout and the comments do not."""
    assert plan_of(f"{before}\nx = 1\n", NEUTRAL).text == f"{after}\nx = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow.compat.v1 as tf",
        "from tensorflow.compat import v1 as tf",
        "from tensorflow.compat.v1 import train",
        "import tensorflow as tf\ntf = tf.compat.v1",
        "import tensorflow.python.ops as ops",
        "from tensorflow.python.framework import ops",
        "from tensorflow.core.framework import graph_pb2",
        "from tensorflow import contrib",
        "from tensorflow.examples.tutorials import mnist",
        "import tensorflow_hub as hub",
        "from . import tensorflow",
        "import keras_applications",
        "x = 1",
    ],
)
def test_imports_that_stay(text):
    """What compat.v1 does not mirror, and what is compat.v1 already, is no reason to swap."""
    assert not imports.needs_swap(Module(text + "\n"))
    plan = plan_of(text + "\n", NEUTRAL)
    assert plan.text is None


def test_half_upgraded_files_are_swapped():
    """``tf.compat.v1`` beside names that only compat.v1 has does not keep the import."""
    text = "import tensorflow as tf\nx = tf.placeholder(tf.int32)\ny = tf.compat.v1.Session()\n"
    assert imports.needs_swap(Module(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("import tensorflow as tf  # migrator: keep\ntf.train.Saver()\n", "keep"),
        ("import tensorflow as tf  # migrator: keep[TFM801]\ntf.train.Saver()\n", "keep"),
        ("try: import tensorflow as tf\nexcept E: pass\ntf.train.Saver()\n", "own"),
        ("import tensorflow as tf\ntf2_bridge = 1\ntf.train.Saver()\n", "tf2_bridge"),
        ("from tensorflow import contrib, train\ntrain.Saver()\n", "contrib"),
        (
            "import tensorflow\nimport tensorflow.python.ops\ntensorflow.train.Saver()\n",
            "both bind",
        ),
        (
            "def f():\n    global tf\n    import tensorflow as tf\n\n\ndef g():\n"
            "    return tf.train.Saver()\n",
            "inside a function",
        ),
    ],
    ids=["kept", "kept by code", "one line", "bridge", "contrib", "rebound", "global"],
)
def test_imports_that_hold_a_file_back(text, word):
    """Where an import cannot be changed exactly, the whole file stays, and says why."""
    plan = plan_of(text)
    assert plan.text is None
    assert word in (plan.error or "")
    blocked = [f for f in plan.findings if f.outcome is Outcome.BLOCKED]
    assert blocked
    assert all(word in f.message for f in blocked)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("from tensorflow.python.saved_model import tag_constants\n", False),
        ("from tensorflow.python.saved_model import tag_constants  # noqa: E402\n", False),
        ("from tensorflow.saved_model import tag_constants\n__all__ = ['tag_constants']\n", True),
        (
            "from tensorflow.python.saved_model import tag_constants\nx = 'tag_constants.GPU'\n",
            True,
        ),
        ("from tensorflow.python.saved_model import tag_constants\nf(tag_constants)\n", True),
        ("from tensorflow.python.saved_model import tag_constants, loader\nloader\n", False),
        ("from tensorflow.python.saved_model import (\n  tag_constants, # x\n  loader)\n", True),
    ],
)
def test_imports_are_dropped_with_their_last_use(text, kept):
    """Only a rewrite's own leftovers go; comments inside and names in strings keep them."""
    before = f"import tensorflow as tf\n{text}print(tag_constants.SERVING)\n"
    new = plan_of(before).text or ""
    assert ("import tag_constants" in new or "tag_constants," in new) == kept
    assert "tf.saved_model.SERVING" in new


def test_imports_that_were_unused_before_stay():
    """Cleaning up is not what the user asked for."""
    text = "import tensorflow as tf\nfrom tensorflow.python.saved_model import loader\nprint(tf)\n"
    assert "loader" in (plan_of(text).text or "")


def test_the_legacy_keras_lines_come_before_tensorflow():
    """The switch works only before TensorFlow is imported, and needs ``os``."""
    text = '"""Doc."""\nimport os\nimport tensorflow as tf\n\nprint(tf)\n'
    new = plan_of(text, FileContext(legacy_keras="tf.layers.dense")).text or ""
    assert new.index("import os") < new.index("TF_USE_LEGACY_KERAS") < new.index("as tf")
    assert new.count("import os") == 1


def test_a_file_that_sets_the_switch_itself_keeps_its_lines():
    """The switch is set once."""
    text = (
        "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\nimport tensorflow as tf\nprint(tf)\n"
    )
    new = plan_of(text, FileContext(legacy_keras="tf.layers.dense")).text or ""
    assert new.count("TF_USE_LEGACY_KERAS") == 1


def test_version_2_behaviour_is_turned_off_once():
    """A file that turns it off by itself gets no second call; a neutral one gets none."""
    off = "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\ntf.Session()\n"
    assert (plan_of(off).text or "").count("disable_v2_behavior") == 1
    eager = "import tensorflow as tf\ntf.compat.v1.disable_eager_execution()\ntf.Session()\n"
    assert "disable_v2_behavior" not in (plan_of(eager).text or "")
    assert "disable_v2_behavior" not in (plan_of("import tensorflow as tf\n", NEUTRAL).text or "")
