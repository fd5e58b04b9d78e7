"""A model of TensorFlow 1, opened: its graph, its signatures, and where its values are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

# The one message of the format that has no name under ``tf``.
from tensorflow.core.protobuf import meta_graph_pb2

from migrator.convert.making import CannotCarry
from migrator.convert.making.frozen import read_frozen
from migrator.convert.making.naming import guessed, signature_def
from migrator.convert.making.references import change_references, in_resources
from migrator.convert.making.values import Values
from migrator.worker.acts import variable_defs
from migrator.worker.common import CannotOpen, cannot_open, saved_objects
from migrator.worker.describe import (
    INTERNAL_SIGNATURES,
    asset_defs,
    choose_meta_graph,
    read_saved_model,
)
from migrator.worker.graphs import ancestors
from migrator.worker.views import drop_output_shapes

__all__ = ["Source", "open_source"]

_INIT_KEYS = ("saved_model_main_op", "saved_model_init_op", "legacy_init_op")


@dataclass
class Source:
    """A model of TensorFlow 1 whose graph is imported and whose values are not read yet."""

    #: ``savedmodel``, ``metagraph``, ``graphdef`` or ``hub``
    kind: str
    path: str
    #: the ``MetaGraphDef``, mended where this TensorFlow would not import it
    meta: Any
    #: the ``tf.Graph`` that it was imported into, under its own names
    graph: Any
    #: key -> ``SignatureDef``: those of the model, and those asked for
    signatures: dict[str, Any]
    tags: list[str]
    #: where the values of variables and tables are; call it with the op of a variable
    values: Values
    #: the name of the tensor that holds an asset's path -> that file
    assets: dict[str, str] = field(default_factory=dict)
    #: the ops that a loader runs once the variables are restored
    init_ops: list[Any] = field(default_factory=list)
    #: the names of the ops of the trainable variables; None where the model does not say
    trainable: frozenset[str] | None = None
    #: the tensors in the collection of regularization losses
    losses: list[str] = field(default_factory=list)
    #: sentences on what was chosen or guessed
    said: list[str] = field(default_factory=list)


def open_source(request: Mapping[str, Any]) -> Source:
    """Open a model of TensorFlow 1, import its graph and settle its signatures.

    Args:
        request: see :func:`migrator.convert.making.make`.

    Raises:
        CannotOpen: it is damaged, is not what ``kind`` says, or has no signature and none can
            be guessed.
        CannotCarry: this TensorFlow lacks an op of it.
    """
    kind, path = request["kind"], request["path"]
    said: list[str] = []
    frozen: dict[str, Any] = {}
    if kind in ("savedmodel", "hub"):
        meta, prefix = _saved_model(request, said)
    elif kind == "metagraph":
        meta, prefix = _meta_graph(path), path
    elif kind == "graphdef":
        (meta, frozen), prefix = read_frozen(path), ""
    else:
        raise ValueError(f"kind {kind!r}")
    drop_output_shapes(meta.graph_def)
    for node in meta.graph_def.node:
        node.device = ""  # this machine has devices of its own
    graph = _imported(meta, request)
    signatures = _signatures(graph, meta, request, said)
    if change_references(_computing(graph, signatures)):
        graph = in_resources(meta.graph_def) or graph
    restore = [meta.saver_def.restore_op_name] if meta.HasField("saver_def") else []
    init_ops = _init_ops(graph, meta)
    restore_ops = [_op(graph, name) for name in restore if name]
    named = {op.name for op in graph.get_operations()}
    values = Values(
        graph,
        prefix,
        frozen,
        restore_ops,
        init_ops,
        kind == "metagraph",
        [one for one in variable_defs(meta) if one.variable_name.partition(":")[0] in named],
    )
    return Source(
        kind=kind,
        path=path,
        meta=meta,
        graph=graph,
        signatures=signatures,
        tags=_tags(meta, kind),
        values=values,
        assets=_assets(meta, path if kind in ("savedmodel", "hub") else None),
        init_ops=init_ops,
        trainable=_trainable(meta),
        losses=_node_list(meta, tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES),
        said=said,
    )


def _computing(graph: Any, signatures: Mapping[str, Any]) -> list[Any]:
    """Return the ops that the outputs of some signatures are computed by."""
    names = [
        name
        for one in signatures.values()
        for info in one.outputs.values()
        for name in (
            info.name,
            info.coo_sparse.indices_tensor_name,
            info.coo_sparse.values_tensor_name,
            info.coo_sparse.dense_shape_tensor_name,
        )
        if name
    ]
    try:
        found = ancestors([graph.get_tensor_by_name(name).op for name in names])
    except (KeyError, ValueError):  # a tensor that is not there is refused by name
        return []
    return [graph.get_operation_by_name(name) for name in found]


def _saved_model(request: Mapping[str, Any], said: list[str]) -> tuple[Any, str]:
    """Return the meta graph asked for, and the prefix of its variables."""
    path = request["path"]
    model = read_saved_model(path)
    meta = choose_meta_graph(model, request.get("tags"))
    if saved_objects(meta):
        raise CannotOpen("it is a SavedModel of TensorFlow 2 already")
    if len(model.meta_graphs) > 1:
        others = [sorted(one.meta_info_def.tags) for one in model.meta_graphs if one is not meta]
        said.append(
            f"converted the meta graph with the tags {sorted(meta.meta_info_def.tags)}, not "
            f"{', '.join(map(str, others))}"
        )
    return meta, os.path.join(path, "variables", "variables")


def _meta_graph(prefix: str) -> Any:
    meta = meta_graph_pb2.MetaGraphDef()
    try:
        with open(prefix + ".meta", "rb") as file:
            meta.ParseFromString(file.read())
    except Exception as error:
        raise cannot_open("its .meta file does not parse", error) from error
    if not meta.graph_def.node:
        raise CannotOpen("its .meta file holds no graph: it is cut off or empty")
    return meta


def _imported(meta: Any, request: Mapping[str, Any]) -> Any:
    """Return the graph; without what no signature needs, where this TensorFlow lacks its ops."""
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(meta.graph_def, name="")
        return graph
    except Exception as error:
        reason = error
    unknown = re.search(r"Op type not registered '([^']+)'", str(reason))
    if unknown is None:
        raise cannot_open(f"TensorFlow {tf.__version__} cannot import its graph", reason)
    kept = _needed(meta, request)
    if not kept:
        _refuse_unknown(meta.graph_def.node, unknown.group(1))
    nodes = [node for node in meta.graph_def.node if node.name in kept]
    smaller = tf.compat.v1.GraphDef(versions=meta.graph_def.versions, node=nodes)
    smaller.library.CopyFrom(meta.graph_def.library)
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(smaller, name="")
    except Exception as error:
        again = re.search(r"Op type not registered '([^']+)'", str(error))
        if again is None:
            raise cannot_open(
                f"TensorFlow {tf.__version__} cannot import its graph", error
            ) from error
        functions = (n for f in smaller.library.function for n in f.node_def)
        _refuse_unknown([*smaller.node, *functions], again.group(1))
    meta.graph_def.CopyFrom(smaller)
    return graph


def _needed(meta: Any, request: Mapping[str, Any]) -> set[str]:
    """Return the nodes that the signatures, the restoring and the initialization need."""
    asked = [
        dict(request.get("outputs") or {}),
        *(dict(one["outputs"]) for one in (request.get("signatures") or {}).values()),
    ]
    stack = [name for side in asked for name in side.values()]
    for definition in meta.signature_def.values():
        for info in [*definition.inputs.values(), *definition.outputs.values()]:
            sparse = info.coo_sparse
            stack += [info.name, sparse.indices_tensor_name, sparse.values_tensor_name]
            stack.append(sparse.dense_shape_tensor_name)
    if not any(stack):
        return set()
    stack += [str(name) for name in (request.get("inputs") or {}).values()]
    stack += [name for key in _INIT_KEYS for name in _node_list(meta, key)]
    stack.append(meta.saver_def.restore_op_name)
    nodes = {node.name: node for node in meta.graph_def.node}
    seen: set[str] = set()
    while stack:
        name = stack.pop().lstrip("^").partition(":")[0]
        if name not in seen and name in nodes:
            seen.add(name)
            stack.extend(nodes[name].input)
    return seen


def _refuse_unknown(nodes: Iterable[Any], kind: str) -> None:
    name = next((node.name for node in nodes if node.op == kind), "")
    raise CannotCarry(
        f"node {name!r} ({kind}) is of a kind that TensorFlow {tf.__version__} does not have",
        name,
        "If it is a custom op, give the library that registers it with --op-library",
    )


def _node_list(meta: Any, key: str) -> list[str]:
    if key not in meta.collection_def:
        return []
    return [str(name) for name in meta.collection_def[key].node_list.value]


def _op(graph: Any, name: str) -> Any:
    found = graph.as_graph_element(name)
    return getattr(found, "op", found)


def _init_ops(graph: Any, meta: Any) -> list[Any]:
    """Return what a loader runs after the restoring, as 1.15's does: the first that there is."""
    if "__saved_model_init_op" in meta.signature_def:
        infos = meta.signature_def["__saved_model_init_op"].outputs
        return [_op(graph, info.name) for info in infos.values()]
    for key in _INIT_KEYS:
        names = _node_list(meta, key)
        if names:
            return [_op(graph, name) for name in names]
    found = []
    for definition in variable_defs(meta, tf.compat.v1.GraphKeys.LOCAL_VARIABLES):
        try:
            found.append(_op(graph, definition.initializer_name))
        except KeyError:
            continue  # of a part of the graph that was not imported
    for name in _node_list(meta, tf.compat.v1.GraphKeys.TABLE_INITIALIZERS):
        try:
            found.append(_op(graph, name))
        except KeyError:
            continue
    return found


def _trainable(meta: Any) -> frozenset[str] | None:
    """Return the names of the ops of trainable variables, or None where none are listed."""
    if not any(
        key in meta.collection_def
        for key in (
            tf.compat.v1.GraphKeys.GLOBAL_VARIABLES,
            tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES,
        )
    ):
        return None
    found = variable_defs(meta, tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES)
    return frozenset(one.variable_name.partition(":")[0] for one in found)


def _tags(meta: Any, kind: str) -> list[str]:
    tags = sorted(str(tag) for tag in meta.meta_info_def.tags)
    return tags if kind == "savedmodel" and tags else [tf.saved_model.SERVING]


def _assets(meta: Any, folder: str | None) -> dict[str, str]:
    """Return the files behind the tensors that hold the paths of assets."""
    if folder is None:
        return {}
    return {
        asset.tensor_info.name: os.path.join(folder, "assets", asset.filename)
        for asset in asset_defs(meta)
    }


def _signatures(
    graph: Any, meta: Any, request: Mapping[str, Any], said: list[str]
) -> dict[str, Any]:
    """Return the model's signatures, what the user names, and the extra ones."""
    found = {
        key: one
        for key, one in sorted(meta.signature_def.items())
        if key not in INTERNAL_SIGNATURES
    }
    inputs, outputs = request.get("inputs"), request.get("outputs")
    if request["kind"] in ("savedmodel", "hub") and found:
        if inputs or outputs:
            raise CannotOpen("it has signatures of its own", "ask for more with --signature")
    else:  # those that a .meta file may hold are of another export
        found = {"serving_default": guessed(graph, inputs, outputs, said)}
    for key, sides in (request.get("signatures") or {}).items():
        if key in found:
            raise CannotOpen(f"it has a signature {key!r} already", "choose another key")
        found[key] = signature_def(graph, sides["inputs"], sides["outputs"])
    return found
