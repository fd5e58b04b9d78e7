"""The codes that the engine itself gives."""

from __future__ import annotations

from migrator.results import Safety

__all__ = [
    "CELL",
    "COMMAND",
    "EDIT",
    "GONE",
    "KERNEL",
    "LIFT",
    "LOST",
    "PARSE",
    "UNRESOLVED",
    "engine_rules",
]

PARSE, EDIT, UNRESOLVED = "TFM901", "TFM902", "TFM903"
CELL, COMMAND, KERNEL = "TFM904", "TFM905", "TFM906"
GONE = "TFM810"
LOST = "TFM804"
LIFT = "TFM510"

#: Codes the engine itself gives: code -> (name, safety, summary).
_OWN: dict[str, tuple[str, Safety, str]] = {
    LIFT: (
        "lift",
        Safety.REVIEW,
        "Make a `tf.Module` of graph code and leave the session behind.",
    ),
    "TFM801": (
        "import-compat-v1",
        Safety.REVIEW,
        "Import TensorFlow 1's API from `tensorflow.compat.v1` and turn version 2 behaviour off.",
    ),
    "TFM802": (
        "legacy-keras",
        Safety.REVIEW,
        "Switch to Keras 2 (`tf-keras`), on which `tf.layers`, RNN cells and Keras sessions run.",
    ),
    "TFM803": (
        "standalone-keras",
        Safety.REVIEW,
        "Import Keras 2 from `tensorflow.compat.v1.keras`; `import keras` is Keras 3 today.",
    ),
    LOST: (
        "lost-keras-symbol",
        Safety.MANUAL,
        "Report what standalone Keras 2 had and legacy Keras (`tf-keras`) has not.",
    ),
    GONE: (
        "gone-symbol",
        Safety.MANUAL,
        "Report symbols that TensorFlow 2.21 no longer has in any namespace.",
    ),
    "TFM829": (
        "python2",
        Safety.REVIEW,
        "Make Python 3 of a file of Python 2 (`migrate --python2`).",
    ),
    "TFM831": (
        "integer-division",
        Safety.MANUAL,
        "Report divisions that Python 2 rounded down.",
    ),
    "TFM834": (
        "tensorflow-pin",
        Safety.REVIEW,
        "Require the TensorFlow that the migrated program needs, wherever it is installed.",
    ),
    "TFM835": (
        "contradicting-pin",
        Safety.MANUAL,
        "Report requirements with which TensorFlow 2.16 or later cannot be installed.",
    ),
    "TFM837": (
        "tensorflow-tool",
        Safety.MANUAL,
        "Report commands that call tools of TensorFlow, and what changes for them.",
    ),
    "TFM838": (
        "checkpoint-file",
        Safety.MANUAL,
        "Report commands that name a file which object-based checkpoints do not have.",
    ),
    PARSE: ("cannot-parse", Safety.MANUAL, "Report a file that is not valid Python 3."),
    EDIT: ("cannot-edit", Safety.MANUAL, "Report a file that cannot be edited exactly."),
    UNRESOLVED: (
        "unresolved-tensorflow",
        Safety.MANUAL,
        "Report a saving call on a name that cannot be traced to an import of TensorFlow.",
    ),
    CELL: (
        "notebook-cell",
        Safety.MANUAL,
        "Report a cell of a notebook that is not valid Python 3.",
    ),
    COMMAND: (
        "notebook-command",
        Safety.MANUAL,
        "Report magic and shell lines of a notebook that concern saved models or install"
        " TensorFlow 1.",
    ),
    KERNEL: (
        "notebook-kernel",
        Safety.MANUAL,
        "Report a notebook whose kernel is Python 2.",
    ),
}


def engine_rules() -> dict[str, tuple[str, Safety, str]]:
    """Return the codes that no rule file owns: code -> (name, safety, summary)."""
    return dict(_OWN)
