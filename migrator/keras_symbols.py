"""Where legacy Keras has what standalone Keras 2 (``import keras``) had.

The facts are those of ``migrator/data/keras.txt``, which ``tests/tools/make_keras_table.py`` writes
out of releases of standalone Keras and an installation of tf-keras.  ``import keras`` itself gives
Keras 3 today.  Nothing here imports TensorFlow.
"""

from __future__ import annotations

import functools
import os

__all__ = ["is_keras", "is_keras3", "module_place", "place"]

_TABLE = os.path.join(os.path.dirname(__file__), "data", "keras.txt")

#: What only Keras 3 has below ``keras``.
_KERAS3 = frozenset(
    {"DTypePolicy", "FloatDTypePolicy", "Function", "InputSpec", "KerasTensor", "Layer", "Loss"}
    | {"Metric", "Operation", "Optimizer", "Quantizer", "RematScope", "StatelessScope", "Variable"}
    | {"config", "device", "distribution", "distillation", "dtype_policies", "export", "legacy"}
    | {"mixed_precision", "name_scope", "ops", "quantizers", "random", "remat", "saving", "tree"}
    | {"version", "visualization"}
)


def is_keras(dotted: str) -> bool:
    """Tell whether ``dotted`` is the standalone package or lies in it."""
    return dotted.partition(".")[0] == "keras"


def is_keras3(dotted: str) -> bool:
    """Tell whether only Keras 3 has ``dotted``, so that the code was written for it."""
    return dotted.split(".")[1:2] != [] and dotted.split(".")[1] in _KERAS3


def module_place(dotted: str) -> str | None:
    """Return the module of ``tensorflow.keras`` in the place of a module of standalone Keras.

    ``keras.layers.core`` gives ``tensorflow.keras.layers``.  None where it is no module of
    standalone Keras, or legacy Keras has nothing of it.
    """
    rows = _sections().get(dotted.partition(".")[2])
    return None if rows is None else _below(rows["="])


def place(dotted: str) -> str | None:
    """Return ``dotted``, a path from ``keras``, as a path from ``tensorflow.keras``, or None.

    ``keras.layers.core.Dense`` gives ``tensorflow.keras.layers.Dense``, with attributes of it kept.
    None where legacy Keras has no such thing.
    """
    parts = dotted.split(".")[1:]
    for cut in range(len(parts), -1, -1):
        rows = _sections().get(".".join(parts[:cut]))
        if rows is None:
            continue
        if cut == len(parts):
            return _below(rows["="])
        home = rows.get(parts[cut])
        return None if home is None else ".".join([_below(home or rows["="]), *parts[cut:]])
    return None


def _below(module: str) -> str:
    return "tensorflow.keras" if module == "." else f"tensorflow.keras.{module}"


@functools.cache
def _sections() -> dict[str, dict[str, str]]:
    """Return module -> name -> the module that has it, "" for the one after the "="."""
    found: dict[str, dict[str, str]] = {}
    rows: dict[str, str] = {}
    with open(_TABLE, encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("["):
                rows = found[line.strip()[1:-1]] = {}
            elif line.strip() and not line.startswith("#"):
                name, _, rest = line.strip().partition(" ")
                rows[name] = rest
    return found
