"""The folders that hold modules of TF1 Hub and SavedModels, and what they say of signatures.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.hub_module`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_ASSET_FILES = "saved_model_assets"  # a collection


@dataclass(frozen=True)
class _Info:
    """What is known of an input or output of a signature."""

    dtype: Any
    shape: Any
    is_sparse: bool

    def get_shape(self) -> Any:
        """Return the shape, a ``tf.TensorShape``."""
        return self.shape


def _infos(protos: Mapping[str, Any]) -> dict[str, _Info]:
    return {
        name: _Info(
            tf.as_dtype(info.dtype),
            tf.TensorShape(info.tensor_shape),
            info.WhichOneof("encoding") == "coo_sparse",
        )
        for name, info in protos.items()
    }


def _read_folder(path: Any) -> tuple[dict[frozenset[str], Any], str, bool]:
    """Return the meta graphs of a module by their tags, its folder, and whether TF2 wrote it."""
    # A message of the format that has no name under ``tf``.
    from tensorflow.core.protobuf import saved_model_pb2

    folder = tf.compat.as_str(tf.compat.path_to_str(path))
    if not tf.io.gfile.exists(os.path.join(folder, "saved_model.pb")):
        import tensorflow_hub

        folder = tensorflow_hub.resolve(folder)
    with tf.io.gfile.GFile(os.path.join(folder, "saved_model.pb"), "rb") as stream:
        proto = saved_model_pb2.SavedModel.FromString(stream.read())
    if proto.meta_graphs[0].HasField("object_graph_def"):
        return _variants(proto.meta_graphs[0]), folder, True
    found = {}
    for meta in proto.meta_graphs:
        _settle_assets(meta, folder)
        for key in ("legacy_init_op", "saved_model_main_op", "saved_model_init_op"):
            meta.collection_def.pop(key, None)
        found[frozenset(meta.meta_info_def.tags)] = meta
    return found, folder, False


def _variants(meta: Any) -> dict[frozenset[str], Any]:
    """Return the tag sets of a TensorFlow 2 SavedModel.

    Those that :func:`HubModule.export` wrote stand in the keys of the children of ``variants``.
    """
    nodes = meta.object_graph_def.nodes
    held = [one.node_id for one in nodes[0].children if one.local_name == "variants"]
    names = [one.local_name for node in held for one in nodes[node].children]
    tags = {frozenset(name.split(",")) - {""} for name in names}
    return dict.fromkeys({frozenset[str](), *tags}, meta)


def _settle_assets(meta: Any, folder: str) -> None:
    """Let the constants that hold the paths of assets name the files in ``folder``."""
    from tensorflow.core.protobuf import meta_graph_pb2

    entries = meta.collection_def.pop(_ASSET_FILES) if _ASSET_FILES in meta.collection_def else None
    nodes = {node.name: node for node in meta.graph_def.node}
    for entry in entries.any_list.value if entries is not None else ():
        asset = meta_graph_pb2.AssetFileDef()
        entry.Unpack(asset)
        value = nodes[asset.tensor_info.name.partition(":")[0]].attr["value"].tensor
        value.ClearField("tensor_content")
        path = os.path.join(folder, "assets", asset.filename)
        value.string_val[:] = [tf.compat.as_bytes(path)]
