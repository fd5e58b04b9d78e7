"""Where legacy Keras has what standalone Keras 2 had."""

from __future__ import annotations

import os
import subprocess

import pytest

from migrator.keras_symbols import is_keras, is_keras3, module_place, place
from migrator.names import Module


@pytest.mark.parametrize(
    ("dotted", "found"),
    [
        ("keras", "tensorflow.keras"),
        ("keras.Model", "tensorflow.keras.Model"),
        ("keras.layers.core.Dense", "tensorflow.keras.layers.Dense"),
        ("keras.layers.Dense.call", "tensorflow.keras.layers.Dense.call"),
        ("keras.engine.topology.Layer", "tensorflow.keras.layers.Layer"),
        ("keras.utils.np_utils", "tensorflow.keras.utils"),
        ("keras.utils.np_utils.to_categorical", "tensorflow.keras.utils.to_categorical"),
        ("keras.backend.tensorflow_backend.set_session", "tensorflow.keras.backend.set_session"),
        ("keras.applications.vgg16.VGG16", "tensorflow.keras.applications.vgg16.VGG16"),
        ("keras.layers.merge.add", "tensorflow.keras.layers.add"),
        ("keras.utils.multi_gpu_model", None),
        ("keras.wrappers.scikit_learn.KerasClassifier", None),
        ("keras.ops.add", None),
        ("keras.layers.MultiHeadAttention", None),
    ],
)
def test_place(dotted, found):
    """A name has one place, or none, however deep the module was that it is taken from."""
    assert place(dotted) == found


def test_modules_and_names_are_told_apart():
    """A module is no name of one, and what only Keras 3 has is no part of Keras 2."""
    assert module_place("keras.layers.core") == "tensorflow.keras.layers"
    assert module_place("keras.layers.Dense") is None
    assert module_place("keras.wrappers.scikit_learn") is None
    assert is_keras("keras.layers") and not is_keras("keras_contrib.layers")
    assert is_keras3("keras.ops.add") and not is_keras3("keras.layers") and not is_keras3("keras")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from keras import backend as K\nK.get_session()", "tf.keras.backend.get_session"),
        ("import keras.backend as K\nK.get_session()", "tf.keras.backend.get_session"),
        ("import keras\nkeras.backend.get_session()", "tf.keras.backend.get_session"),
        ("import keras.utils\nkeras.backend.get_session()", "tf.keras.backend.get_session"),
        ("from keras.backend import *\nget_session()", "tf.keras.backend.get_session"),
        (
            "from keras.backend.tensorflow_backend import get_session\nget_session()",
            "tf.keras.backend.get_session",
        ),
        (
            "try:\n    import keras.backend as K\nexcept ImportError:\n"
            "    import tensorflow.keras.backend as K\nK.get_session()",
            "tf.keras.backend.get_session",
        ),
        ("import keras.ops as K\nK.get_session()", None),
        ("import keras_contrib.backend as K\nK.get_session()", None),
        ("from .keras import backend as K\nK.get_session()", None),
        ("def f(keras):\n    keras.backend.get_session()", None),
    ],
)
def test_standalone_keras_means_what_tensorflow_has(text, name):
    """However it is imported, standalone Keras' session is TensorFlow's; others' are not."""
    found = [symbol.name for node, symbol in Module(text).references() if "session" in symbol.name]
    assert found == ([name] if name else [])


@pytest.mark.tensorflow
def test_every_place_exists(tf2_python):
    """Each line of the table names something that an installed legacy Keras has."""
    program = """
import sys
from migrator import keras_symbols
from tensorflow.compat.v1 import keras
missing = []
for module, rows in keras_symbols._sections().items():
    for name in rows:
        dotted = ".".join(part for part in ("keras", module, name) if part and name != "=")
        found = keras_symbols.place(dotted if name != "=" else f"keras.{module}".strip("."))
        at = keras
        for part in found.split(".")[2:]:
            at = getattr(at, part, None)
        if at is None:
            missing.append(dotted)
sys.exit(", ".join(missing) or 0)
"""
    done = subprocess.run(
        [tf2_python, "-c", program],
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
