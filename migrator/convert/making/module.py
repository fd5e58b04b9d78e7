"""The reusable SavedModel of a TensorFlow 1 model: variables, functions, and the save."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.slices import _VARIABLES
from migrator.convert.making import CannotCarry
from migrator.convert.making.graph import TABLES, Parts
from migrator.convert.making.naming import signature_def
from migrator.convert.making.references import variable_name
from migrator.convert.making.resources import by_name, further_assets, rebuild
from migrator.convert.making.sources import Source, open_source
from migrator.convert.making.trainable import differentiable
from migrator.convert.making.values import identity
from migrator.worker.acts import refuse_acts
from migrator.worker.common import CannotOpen

__all__ = ["make_module"]


def make_module(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the TensorFlow 2 SavedModel of a TensorFlow 1 model; return what was made of it.

    See :func:`migrator.convert.making.make`.
    """
    source = open_source(request)
    parts = Parts(source.graph, source.signatures, source.tags, source.assets)
    # Before anything of it is run: what initializes tables and variables is.
    refuse_acts(tf, source.meta, _described(source), bool(request.get("trust")))
    losses = _losses(source)
    needed = {**parts.needed, **{op.name: op for one in losses for op in one.needed.values()}}
    trainable = _trainable(source, parts, needed)
    state = _state(source, needed, trainable)
    parts.make(state)
    # A plain container: tf.Module's `variables` could not be set.
    root = tf.train.Checkpoint()
    kept = {id(one): one for one in state.values() if isinstance(one, tf.Variable)}
    root.variables = sorted(kept.values(), key=lambda one: str(one.name))
    root.trainable_variables = [one for one in root.variables if one.trainable]
    root.regularization_losses = []
    for one in losses:
        one.make(state)
        root.regularization_losses.append(one.call("loss"))
    root.tables = by_name(source, state)
    root.assets = [one for one in state.values() if isinstance(one, tf.saved_model.Asset)]
    root.assets += further_assets(source, state)
    key = _called(source)
    if key is not None:
        root.__call__ = parts.call(key)
    tf.saved_model.save(root, request["target"], signatures=parts.functions)
    parts.restore_names(request["target"])
    _say_loops(source, parts)
    _say_gradients(source, parts)
    return {
        "signatures": {
            name: {
                "inputs": _tensors(one.inputs),
                "outputs": _tensors(one.outputs),
            }
            for name, one in sorted(source.signatures.items())
        },
        "tags": source.tags,
        "added": sorted(set(source.signatures) - set(source.meta.signature_def)),
        "source_tags": sorted(source.meta.meta_info_def.tags),
        "assets": sorted({os.path.basename(path) for path in source.assets.values()}),
        "variables": [_named(one) for one in root.variables],
        "renamed": _renamed(source, state),
        "trainable_variables": [_named(one) for one in root.trainable_variables],
        "regularization_losses": len(losses),
        "call": key,
        "said": source.said,
    }


def _described(source: Source) -> dict[str, Any]:
    """Return the tensors of the signatures' outputs, as the worker describes them."""
    return {
        key: {
            "outputs": {
                tensor: {"tensor": tensor}
                for value in _tensors(one.outputs).values()
                for tensor in ([value] if isinstance(value, str) else value)
            }
        }
        for key, one in source.signatures.items()
    }


def _called(source: Source) -> str | None:
    """Return the key of the signature that ``__call__`` runs: the only one, or Hub's."""
    keys = list(source.signatures)
    if source.kind == "hub" and "default" in keys:
        return "default"
    return keys[0] if len(keys) == 1 else None


def _tensors(infos: Any) -> dict[str, Any]:
    found = {}
    for name, info in sorted(infos.items()):
        sparse = info.coo_sparse
        found[name] = info.name or [
            sparse.indices_tensor_name,
            sparse.values_tensor_name,
            sparse.dense_shape_tensor_name,
        ]
    return found


def _losses(source: Source) -> list[Parts]:
    """Return the regularization losses that depend on variables only."""
    found = []
    for name in source.losses:
        try:
            one = signature_def(source.graph, {}, {"loss": name})
            found.append(Parts(source.graph, {"loss": one}, source.tags))
        except (CannotOpen, CannotCarry) as error:
            source.said.append(f"the regularization loss {name!r} was left out: {error}")
    return found


def _trainable(source: Source, parts: Parts, needed: Mapping[str, Any]) -> frozenset[str]:
    if source.trainable is not None:
        return source.trainable
    found = differentiable(parts.slices.values(), needed)
    if found:
        source.said.append(
            f"the model does not say which variables are trainable: {len(found)} that the "
            "signatures' gradients reach are"
        )
    return found


def _state(source: Source, needed: Mapping[str, Any], trainable: frozenset[str]) -> dict[str, Any]:
    """Return the variables, tables and assets by the names of their ops."""
    tables = [op for op in needed.values() if op.type in TABLES]
    state: dict[str, Any] = {}
    if tables:
        state.update(rebuild(source.graph, source, tables))
    variables: dict[tuple[str, ...], Any] = {}

    def first(pair: tuple[str, Any]) -> tuple[bool, int]:
        """Of ops that share a variable, the one that the Saver knows gives it its name.

        The largest are read while little else is held: a value of a frozen graph is copied.
        """
        return pair[0] not in source.values.entries, -_bytes(pair[1])

    for name, op in sorted(needed.items(), key=first):
        # One at a time: a large model is never held twice.
        if op.type in _VARIABLES:
            key = identity(op)
            if key not in variables:
                variables[key] = _variable(op, source.values(op), trainable)
            state[name] = variables[key]
        elif f"{name}:0" in source.assets:
            state[name] = _asset(op, source.assets[f"{name}:0"])
    return state


def _bytes(op: Any) -> int:
    """Return the size of a variable; 0 of what is none, or of unknown shape."""
    if op.type not in _VARIABLES:
        return 0
    count = tf.TensorShape(op.get_attr("shape")).num_elements()
    return (count or 0) * int(tf.as_dtype(op.get_attr("dtype")).base_dtype.size)


def _named(variable: Any) -> str:
    return str(variable.name).removesuffix(":0")


def _renamed(source: Source, state: Mapping[str, Any]) -> dict[str, str]:
    """Return checkpoint key -> variable, where a Saver was given another name than TF1's."""
    found = {}
    for name, one in state.items():
        if isinstance(one, tf.Variable):
            key = source.values.key(source.graph.get_operation_by_name(name))
            if key and key != _named(one):
                found[key] = _named(one)
    return found


def _asset(op: Any, path: str) -> Any:
    if not os.path.isfile(path):
        raise CannotCarry(
            f"node {op.name!r} ({op.type}) is the path of {path}, which is not there", op.name
        )
    return tf.saved_model.Asset(path)


def _variable(op: Any, value: Any, trained: Collection[str]) -> Any:
    """Return a ``tf.Variable`` of the same name, shape and dtype that holds ``value``."""
    shape = tf.TensorShape(op.get_attr("shape"))
    if shape.rank == 0 and value.shape.rank:  # how TF1 spells an unknown shape
        shape = tf.TensorShape(None)
    name = variable_name(op.name)
    trainable = name in trained or op.name in trained
    return tf.Variable(value, trainable=trainable, name=name, dtype=value.dtype, shape=shape)


def _say_gradients(source: Source, parts: Parts) -> None:
    """Say which nodes had a gradient that the program registered, which no model holds."""
    found = {
        op.name
        for part in parts.slices.values()
        for op in part.ops.values()
        if "_gradient_op_type" in op.node_def.attr and "PartitionedCall" not in op.type
    }
    if found:
        source.said.append(
            f"node {min(found)!r} had a gradient of its own, which is code of the program that "
            "trained the model: here it has the gradient of its kind"
            + (f"; so do {len(found) - 1} more" if len(found) > 1 else "")
        )


def _say_loops(source: Source, parts: Parts) -> None:
    for key, part in parts.slices.items():
        for node in sorted({node for node, _ in part.bars.values()}):
            source.said.append(
                f"signature {key!r} was converted for inference: node {node!r} leaves a while "
                "loop of TensorFlow 1, which cannot be trained"
            )
