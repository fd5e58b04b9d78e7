"""Make ``import tf_slim`` work on the TensorFlow releases that it does not know.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

import importlib
import sys

__all__ = ["alias_slim"]


def alias_slim() -> None:
    """Let ``import tf_slim`` find the layers that tf-keras has moved; call it before the import.

    tf_slim 1.1.0, the successor of ``tf.contrib.slim`` and ``tf.contrib.layers``, imports
    ``tf_keras.legacy_tf_layers``, which newer releases keep in ``tf_keras.src``. Call it after
    ``TF_USE_LEGACY_KERAS=1`` is set. Does nothing where the old place still exists.

    Raises:
        ImportError: tf-keras is not installed.
    """
    old, new = "tf_keras.legacy_tf_layers", "tf_keras.src.legacy_tf_layers"
    try:
        importlib.import_module(old)
        return
    except ModuleNotFoundError as error:
        if error.name != old:
            raise
    for name in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
        sys.modules[old + name] = importlib.import_module(new + name)
    setattr(sys.modules["tf_keras"], "legacy_tf_layers", sys.modules[old])  # noqa: B010
