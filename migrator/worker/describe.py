"""What a SavedModel promises: tags, signatures, assets."""

import hashlib
import importlib
import os
from typing import Any, List, Optional, Sequence

from .common import CannotOpen, Json, OutOfMemory, cannot_open, read_bytes
from .composite import SPARSE_PARTS, describe_composite, part_name

#: Signature keys that TensorFlow writes for itself.
INTERNAL_SIGNATURES = ("__saved_model_init_op", "__saved_model_train_op")


def read_saved_model(path: str) -> Any:
    """Return the ``SavedModel`` protocol buffer of a directory.

    Raises:
        CannotOpen: there is none, or it does not parse.
        OutOfMemory: it is larger than the memory limit.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    binary = os.path.join(path, "saved_model.pb")
    try:
        if os.path.exists(binary):
            model.ParseFromString(read_bytes(binary))
        else:
            with open(os.path.join(path, "saved_model.pbtxt"), encoding="utf-8") as text:
                # imported by name: protobuf ships no types
                importlib.import_module("google.protobuf.text_format").Merge(text.read(), model)
    except OutOfMemory:
        raise
    except Exception as error:
        raise cannot_open("its saved_model.pb does not parse", error)
    if not model.meta_graphs:
        raise CannotOpen("its saved_model.pb holds no meta graph: it is cut off or empty")
    return model


def choose_meta_graph(model: Any, tags: Optional[Sequence[str]]) -> Any:
    """Return the meta graph with ``tags``, or the only one, or the one tagged ``serve``.

    A module of TensorFlow 1 Hub has no tag ``serve``: its meta graph without tags is what a
    client gets by default, others are for training.

    Raises:
        CannotOpen: none has these tags, or several could be meant.
    """
    sets = [sorted(graph.meta_info_def.tags) for graph in model.meta_graphs]
    if tags is not None:
        for graph, found in zip(model.meta_graphs, sets):
            if found == sorted(tags):
                return graph
        raise CannotOpen(
            "it has no meta graph with the tags %s, only with %s" % (sorted(tags), sets),
            "choose the tags of one of these",
        )
    if len(sets) == 1:
        return model.meta_graphs[0]
    for preferred in (["serve"], []):
        if preferred in sets:
            return model.meta_graphs[sets.index(preferred)]
    raise CannotOpen(
        "it has several meta graphs, with the tags %s" % sets, "choose the tags of one of these"
    )


def wanted_tags(request: Json, tag_sets: List[List[str]]) -> Optional[List[str]]:
    """Return the tags to open; the after side may lack those that were asked for."""
    preferred = request.get("preferred")
    if preferred is not None and sorted(preferred) in tag_sets:
        return sorted(preferred)
    tags = request.get("tags")
    return None if tags is None else sorted(tags)


def dims(shape: Any) -> Optional[List[Optional[int]]]:
    """Return a TensorShapeProto as a list (None for an unknown dim), None for unknown rank."""
    if shape.unknown_rank:
        return None
    return [None if dim.size < 0 else int(dim.size) for dim in shape.dim]


def describe_tensors(tf: Any, infos: Any, outputs: bool) -> Json:
    """Return name -> ``{"dtype", "shape", "tensor"}``.

    A sparse or ragged tensor becomes its dense parts.  Those of an input are named as
    TensorFlow 2 names them when a SparseTensorSpec or RaggedTensorSpec is an input: ``x``
    (indices), ``x_1`` (values), ``x_2`` (shape); those of an output for what they are.
    """
    found: Json = {}

    def plain(info: Any) -> Json:
        return {
            "dtype": str(tf.as_dtype(info.dtype).base_dtype.name),
            "shape": dims(info.tensor_shape),
            "tensor": info.name,
        }

    for name in sorted(infos):
        info = infos[name]
        encoding = info.WhichOneof("encoding")
        if encoding == "coo_sparse":
            sparse = info.coo_sparse
            shape = dims(info.tensor_shape)
            rank = None if shape is None else len(shape)
            parts = [
                ("int64", [None, rank], sparse.indices_tensor_name, "indices"),
                (plain(info)["dtype"], [None], sparse.values_tensor_name, "values"),
                ("int64", [rank], sparse.dense_shape_tensor_name, "shape"),
            ]
            for number, (kind, part_shape, tensor, role) in enumerate(parts):
                entry: Json = {"dtype": kind, "shape": part_shape, "tensor": tensor}
                if outputs:
                    part = SPARSE_PARTS[number]
                    entry["composite"] = {"of": name, "part": part, "type": "sparse"}
                else:
                    entry["sparse"] = {"of": name, "part": role, "shape": shape}
                found[part_name(name, SPARSE_PARTS, number, outputs)] = entry
        elif encoding == "composite_tensor":
            found.update(describe_composite(name, info, plain, outputs))
        elif encoding == "name":
            found[name] = plain(info)
        else:
            raise CannotOpen(
                "its signature's %s %r has an encoding that TensorFlow %s does not know"
                % ("output" if outputs else "input", name, tf.__version__)
            )
    return found


def describe_signatures(tf: Any, graph: Any) -> Json:
    """Return key -> ``{"method_name", "inputs", "outputs"}`` of a meta graph."""
    return {
        key: {
            "method_name": definition.method_name,
            "inputs": describe_tensors(tf, definition.inputs, False),
            "outputs": describe_tensors(tf, definition.outputs, True),
        }
        for key, definition in sorted(graph.signature_def.items())
        if key not in INTERNAL_SIGNATURES
    }


def asset_defs(graph: Any) -> List[Any]:
    """Return the AssetFileDefs of a meta graph.

    TensorFlow 1 keeps them in the collection ``saved_model_assets``, some versions in the field
    as well.
    """
    from tensorflow.core.protobuf import meta_graph_pb2

    found = list(graph.asset_file_def)
    if not found and "saved_model_assets" in graph.collection_def:
        for packed in graph.collection_def["saved_model_assets"].any_list.value:
            asset = meta_graph_pb2.AssetFileDef()
            if packed.Unpack(asset):
                found.append(asset)
    return found


def describe_assets(path: str, graph: Any) -> Json:
    """Return file name -> SHA-256 of the files in ``assets/``; the empty string when lost.

    Raises:
        CannotOpen: a name leads out of that folder.
    """
    names = {str(asset.filename) for asset in asset_defs(graph)}
    for name in sorted(names):
        if os.path.isabs(name) or ".." in name.replace("\\", "/").split("/"):
            raise CannotOpen("its asset %r leads out of its folder" % name)
    folder = os.path.join(path, "assets")
    for parent, _, files in os.walk(folder):
        for file in files:
            full = os.path.join(parent, file)
            names.add(os.path.relpath(full, folder).replace(os.sep, "/"))
    found = {}
    for name in sorted(names):
        full = os.path.join(folder, name)
        if not os.path.isfile(full):
            found[name] = ""
            continue
        digest = hashlib.sha256()
        with open(full, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
        found[name] = digest.hexdigest()
    return found
