"""The goldens that load a model, and the models that they load."""

from __future__ import annotations

#: A golden -> the artefacts that it runs on: ``old`` ones were written by TensorFlow 1.15, ``new``
#: ones by TensorFlow 2, by the same program migrated.  A SavedModel of TensorFlow 2 has no
#: collections.
LOADING = {
    "fine_tuned": ("old", "new"),
    "frozen": ("old", "new"),
    "frozen_classify": ("old", "new"),
    "frozen_function": ("old", "new"),
    "frozen_inference": ("old", "new"),
    "frozen_joined": ("old", "new"),
    "frozen_labels": ("old", "new"),
    "frozen_loop": ("old", "new"),
    "frozen_session": ("old", "new"),
    "loaded_by_name": ("old", "new"),
    "loaded_collections": ("old",),
    "loaded_in_function": ("old", "new"),
    "loaded_in_helper": ("old", "new"),
    "loaded_names": ("old", "new"),
    "loaded_signature": ("old", "new"),
    "loaded_tensor_info": ("old", "new"),
    "restored": ("old", "new"),
    "restored_flags": ("old", "new"),
    "restored_in_function": ("old", "new"),
    "restored_or_frozen": ("old", "new"),
    "restored_session": ("old", "new"),
    "restored_state": ("old", "new"),
    "restored_variables": ("old", "new"),
    "retrained": ("old", "new"),
}
