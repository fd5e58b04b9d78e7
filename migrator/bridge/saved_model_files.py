"""The meta graphs of a SavedModel.

Part of ``tf2_bridge``, with what loads SavedModels.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import tensorflow as tf

__all__: list[str] = []


def _meta_graph(export_dir: str, tags: Collection[str]) -> Any:
    """Return the meta graph of these tags; raise as TensorFlow's loader does."""
    # TensorFlow's own reader of both forms of the file, which has no public name.
    meta_graphs = tf.__internal__.saved_model.parse_saved_model(export_dir).meta_graphs
    wanted = {tags} if isinstance(tags, str) else set(tags)
    found = [set(meta.meta_info_def.tags) for meta in meta_graphs]
    if wanted not in found:
        raise RuntimeError(
            f"MetaGraphDef associated with tags {sorted(wanted)} could not be found in SavedModel, "
            f"with available tags '{found}'."
        )
    return meta_graphs[found.index(wanted)]
