"""tf_slim as ``slim`` and ``layers``, working on today's TensorFlow.

Part of ``tf2_bridge``: stands alone. tf_slim succeeds ``tf.contrib.slim`` and ``layers``.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import tensorflow as tf

__all__ = ["alias_slim"]

# What tf_slim looks for in modules that TensorFlow has since moved it out of. The functions
# are compat.v1's: their graphs and their names are the ones that TensorFlow 1 gave.
_MOVED = {
    "tensorflow.python.framework.ops": {
        "IndexedSlices": tf.IndexedSlices,
        "Tensor": tf.Tensor,
    },
    "tensorflow.python.ops.array_ops": {
        "stack": tf.compat.v1.stack,
        "unstack": tf.compat.v1.unstack,
    },
    "tensorflow.python.ops.control_flow_ops": {
        "Assert": tf.compat.v1.Assert,
        "case": tf.compat.v1.case,
        "cond": tf.compat.v1.cond,
        "while_loop": tf.compat.v1.while_loop,
    },
    "tensorflow.python.ops.variable_scope": {"variable": tf.compat.v1.Variable},
}
_NETS = ("alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg")


_MODULES = {"layers": "tf_slim.layers", "slim": "tf_slim"}


def __getattr__(name: str) -> ModuleType:
    """Give the modules ``slim`` and ``layers``, imported when they are first asked for.

    ``slim`` is ``tf_slim`` and ``layers`` is ``tf_slim.layers``, which the attribute ``layers`` of
    ``tf_slim`` is not. tf_slim 1.1.0 can be imported as it is, and fails later: at a batch
    normalization, or where ``is_training`` is a tensor. What ``import tf_slim`` leaves out, the
    networks of ``slim.nets``, is imported too.

    Raises:
        ImportError: tf_slim or tf-keras is not installed.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    alias_slim()
    module = importlib.import_module(_MODULES[name])
    for net in _NETS:
        importlib.import_module(f"tf_slim.nets.{net}")
    for home, names in _MOVED.items():
        for moved, value in names.items():
            if not hasattr(sys.modules[home], moved):
                setattr(sys.modules[home], moved, value)
    globals()[name] = module
    return module


def alias_slim() -> None:
    """Let tf_slim's batch normalization find the layers that tf-keras has moved.

    TensorFlow looks for them in ``tf_keras.legacy_tf_layers``, and newer releases keep them in
    ``tf_keras.src``. Call it after ``TF_USE_LEGACY_KERAS=1`` is set. Does nothing where the old
    place still exists.

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
