"""The goldens that load a model, and the models that they load."""

from __future__ import annotations

#: A golden -> the artefacts that it runs on: ``old`` ones were written by TensorFlow 1.15, ``new``
#: ones by TensorFlow 2, by the same program migrated.  A SavedModel of TensorFlow 2 has no
#: collections.
LOADING = {
    "frozen": ("old", "new"),
    "frozen_function": ("old", "new"),
    "frozen_joined": ("old", "new"),
    "loaded_collections": ("old",),
    "loaded_names": ("old", "new"),
    "loaded_signature": ("old", "new"),
    "restored": ("old", "new"),
    "retrained": ("old", "new"),
}
