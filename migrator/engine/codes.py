"""The codes that the engine itself gives."""

from __future__ import annotations

from migrator.results import Safety

__all__ = ["EDIT", "GONE", "LIFT", "PARSE", "UNRESOLVED", "engine_rules"]

PARSE, EDIT, UNRESOLVED = "TFM901", "TFM902", "TFM903"
GONE = "TFM810"
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
    GONE: (
        "gone-symbol",
        Safety.MANUAL,
        "Report symbols that TensorFlow 2.21 no longer has in any namespace.",
    ),
    PARSE: ("cannot-parse", Safety.MANUAL, "Report a file that is not valid Python 3."),
    EDIT: ("cannot-edit", Safety.MANUAL, "Report a file that cannot be edited exactly."),
    UNRESOLVED: (
        "unresolved-tensorflow",
        Safety.MANUAL,
        "Report a saving call on a name that cannot be traced to an import of TensorFlow.",
    ),
}


def engine_rules() -> dict[str, tuple[str, Safety, str]]:
    """Return the codes that no rule file owns: code -> (name, safety, summary)."""
    return dict(_OWN)
