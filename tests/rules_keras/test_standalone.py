"""Standalone Keras and the session of Keras, in programs that keep their session."""

from __future__ import annotations

import pytest
from engine_harness import plan_of

from migrator.results import Outcome
from migrator.rule import FileContext

SESSION = "import tensorflow as tf\nsess = tf.Session()\n"


def imports_of(text: str, **context) -> list[str]:
    """Return the import lines of Keras that a file gets."""
    plan = plan_of(text, FileContext(neutral=True, **context))
    assert plan.error is None
    return [row.strip() for row in (plan.text or text).splitlines() if "keras" in row]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import keras", ["import tensorflow.compat.v1.keras as keras"]),
        ("import keras as k", ["import tensorflow.compat.v1.keras as k"]),
        ("import keras.backend as K", ["import tensorflow.compat.v1.keras.backend as K"]),
        ("import keras.backend", ["import tensorflow.compat.v1.keras as keras"]),
        (
            "import keras.backend.tensorflow_backend as KTF",
            ["import tensorflow.compat.v1.keras.backend as KTF"],
        ),
        ("import os, keras", ["import os, tensorflow.compat.v1.keras as keras"]),
        ("from keras import backend as K", ["from tensorflow.compat.v1.keras import backend as K"]),
        (
            "from keras.layers.core import Dense, Dropout",
            ["from tensorflow.compat.v1.keras.layers import Dense, Dropout"],
        ),
        (
            "from keras.utils import np_utils",
            ["from tensorflow.compat.v1.keras import utils as np_utils"],
        ),
        (
            "from keras.engine import Layer, Model  # both",
            [
                "from tensorflow.compat.v1.keras.layers import Layer  # both",
                "from tensorflow.compat.v1.keras.models import Model",
            ],
        ),
        ("from keras.layers import *", ["from tensorflow.compat.v1.keras.layers import *"]),
        (
            "def f():\n    from keras.models import Sequential",
            ["from tensorflow.compat.v1.keras.models import Sequential"],
        ),
        (
            "try:\n    import keras\nexcept ImportError:\n    from tensorflow import keras",
            [
                "import tensorflow.compat.v1.keras as keras",
                "from tensorflow.compat.v1 import keras",
            ],
        ),
        (
            "import keras\nx = keras.layers.core.Dense(2)\ny = keras.layers.Dense(2)",
            [
                "import tensorflow.compat.v1.keras as keras",
                "x = keras.layers.Dense(2)",
                "y = keras.layers.Dense(2)",
            ],
        ),
        (
            "import tensorflow.compat.v1 as tf\nimport keras\ntf.Session()",
            ["import tensorflow.compat.v1.keras as keras"],
        ),
    ],
)
def test_imports(before, after):
    """Each form of the import becomes the same form of legacy Keras' import."""
    assert imports_of(before + "\n") == after


@pytest.mark.parametrize(
    "text",
    [
        "import keras_applications\n",
        "from .keras import layers\n",
        "from keras_contrib.layers import CRF\n",
        "import tf_keras as keras\n",
        "import tensorflow.compat.v1.keras as keras\n",
        "from tensorflow.compat.v1.keras import backend as K\nK.learning_phase\n",
        "def keras():\n    pass\n\n\nkeras()\n",
        "keras = None\n",
        "# import keras\n",
        "s = 'import keras'\n",
    ],
)
def test_other_imports_stay(text):
    """What is not standalone Keras is nothing of ours."""
    assert plan_of(text, FileContext(neutral=True)).text is None


@pytest.mark.parametrize("text", ["import keras\n", "from keras.layers import Dense\n"])
def test_a_program_that_stays_keeps_its_keras(text):
    """A file without a program of TensorFlow 1 may be one of Keras 3."""
    plan = plan_of(text, FileContext(move=False))
    assert plan.text is None
    assert not plan.findings


def test_the_switch_comes_ahead_of_the_first_import():
    """Keras 2 is asked for before Keras is imported, in a file without TensorFlow, too."""
    plan = plan_of(
        "import keras\n\nmodel = keras.models.Sequential()\n",
        FileContext(legacy_keras="tf.keras.backend.get_session"),
    )
    assert plan.text == (
        "import os\n\n"
        'os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")\n\n'
        "import tensorflow.compat.v1.keras as keras\n"
        "import tensorflow.compat.v1 as tf\n\n"
        "tf.disable_v2_behavior()\n\n"
        "model = keras.models.Sequential()\n"
    )


def test_what_is_lost_is_reported():
    """A name that legacy Keras has nowhere is left for a person."""
    plan = plan_of(
        "import tensorflow as tf\nfrom keras.backend import pattern_broadcast\n"
        "pattern_broadcast(tf.zeros([1]), [True])\n"
    )
    (lost,) = [finding for finding in plan.findings if finding.code == "TFM804"]
    assert lost.outcome is Outcome.MANUAL
    assert lost.recipe
    assert "keras.backend.pattern_broadcast" in lost.message


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("tf.keras.layers.LSTM(4)\n", Outcome.KEPT),
        ("tf.keras.layers.LSTM(4)\ntf.train.Saver()\n", Outcome.MANUAL),
    ],
)
def test_recurrent_layers(text, outcome):
    """With a Saver, the new names of their variables are a person's business."""
    plan = plan_of("import tensorflow as tf\n" + text)
    (finding,) = [finding for finding in plan.findings if finding.code == "TFM603"]
    assert finding.outcome is outcome
    assert "lstm_cell" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf\ntf.keras.backend.set_learning_phase(0)\n",
        "import tensorflow as tf\nx = tf.keras.layers.LSTM\n",
    ],
)
def test_nothing_to_say_without_a_session(text):
    """What TensorFlow 2 code may use is no reason to move, nor to be mentioned."""
    plan = plan_of(text, FileContext(session=False, move=False))
    assert not [finding for finding in plan.findings if finding.code.startswith("TFM60")]
