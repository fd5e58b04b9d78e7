"""A module of TF1 Hub as a reusable SavedModel of TensorFlow 2.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.hub_module`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.serving import _Export, _initializes_table
from migrator.bridge.session_module import _contents_in_a_copy, _Own, _table, _variable
from migrator.bridge.slices import _TABLES, _Slice

__all__ = ["ReusableModule"]


def _save_module(
    meta_graphs: Mapping[frozenset[str], Any],
    tags: frozenset[str],
    path: str,
    session: Any,
    values: Mapping[str, Any],
) -> None:
    """Save what the meta graphs compute with the session's values.

    Args:
        meta_graphs: by tag set.
        tags: of the one whose variables the session holds.
        path: the folder, which must be empty.
        session: the session.
        values: the variables by the names that they have in the meta graphs.
    """
    if tf.io.gfile.exists(path) and tf.io.gfile.listdir(path):
        raise AssertionError(f"Export directory {path} already exists, and isn't empty.")
    plain = frozenset[str]()
    parts = {key: _Variant(meta) for key, meta in meta_graphs.items()}
    first = parts.get(plain, parts[tags])
    place = _Own(graph := tf.Graph(), tf.compat.v1.Session(graph=graph))
    state: dict[str, Any] = {}
    trained = {name for part in parts.values() for name in part.trained}
    for part in parts.values():
        for name, op in part.needed.items():
            if name in state:
                continue
            if op.type in _TABLES:
                fills = [one for one in op.outputs[0].consumers() if _initializes_table(one)]
                keys, held = _contents_in_a_copy(op, fills)
                with place.scope():
                    state[name] = _table(place.session, op, keys, held)
                continue
            if name not in values:
                raise ValueError(f"variable {name!r} is not in the variant {sorted(tags)}")
            value = session.run(values[name])
            with place.scope():
                state[name] = _variable(place.session, op, value, name in trained)
    with place.scope():
        root = ReusableModule()
        for part in parts.values():
            part.make(state)
        variables = [state[name] for name in sorted(state) if isinstance(state[name], tf.Variable)]
        root.variables = variables
        root.trainable_variables = [one for one in variables if one.trainable]
        root.regularization_losses = [_loss(one.function(state)) for one in first.losses]
        root.tables = [one for one in state.values() if not isinstance(one, tf.Variable)]
        root.assets = [tf.saved_model.Asset(name) for name in first.assets]
        root.variants = {
            ",".join(sorted(key)): dict(part.export.functions)
            for key, part in parts.items()
            if part is not first
        }
        train = parts.get(frozenset({"train"}), first)
        if "default" in first.export.slices and "default" in train.export.slices:
            root.__call__ = _callable(first.export, train.export)
        tf.saved_model.save(root, path, signatures=dict(first.export.functions))
        first.export.restore_names(path)


class ReusableModule(tf.Module):  # type: ignore[misc]
    """What is saved: a module whose lists of variables can be set."""

    variables: Any = ()
    trainable_variables: Any = ()


class _Variant:
    """A meta graph in a graph of its own, under its own names."""

    def __init__(self, meta: Any) -> None:
        keys = tf.compat.v1.GraphKeys
        self.graph = tf.Graph()
        with self.graph.as_default():
            copy = type(meta)()
            copy.CopyFrom(meta)
            kept = (keys.TRAINABLE_VARIABLES, keys.REGULARIZATION_LOSSES, keys.ASSET_FILEPATHS)
            for key in set(copy.collection_def) - set(kept):
                del copy.collection_def[key]
            tf.compat.v1.train.import_meta_graph(copy)
            self.trained = {one.op.name for one in tf.compat.v1.trainable_variables()}
        self.graph.finalize()
        signatures = dict(meta.signature_def)
        self.export = _Export(self.graph, signatures, [tf.saved_model.SERVING])
        self.losses = [
            _Slice(self.graph, "regularization_losses", _returning(loss))
            for loss in self.graph.get_collection(keys.REGULARIZATION_LOSSES)
        ]
        self.assets = [
            tf.compat.as_str(tensor.op.get_attr("value").string_val[0])
            for tensor in self.graph.get_collection(keys.ASSET_FILEPATHS)
        ]
        self.needed = dict(self.export.needed)
        self.needed.update((op.name, op) for one in self.losses for op in one.state)

    def make(self, state: Mapping[str, Any]) -> None:
        """Make the functions of the signatures."""
        self.export.make(state)


def _returning(tensor: Any) -> Any:
    info = tf.compat.v1.saved_model.build_tensor_info(tensor)
    return tf.compat.v1.saved_model.build_signature_def({}, {"loss": info}, "loss")


def _loss(function: Any) -> Any:
    return tf.function(lambda: function()["loss"], input_signature=[], autograph=False)


def _callable(plain: _Export, train: _Export) -> Any:
    """Return the ``__call__`` of the signature ``default``, traced for training and not.

    It takes a tensor, or a dict of several, and returns likewise.
    """
    flat = plain.slices["default"].inputs
    infos = plain.signature_defs["default"].inputs
    if any(info.WhichOneof("encoding") != "name" for info in infos.values()):
        raise ValueError("signature 'default' takes a sparse tensor: give it another key")
    graph = plain.slices["default"].graph
    tensors = {key: graph.get_tensor_by_name(infos[key].name) for key in sorted(infos)}
    specs = {key: tf.TensorSpec(one.shape, one.dtype) for key, one in tensors.items()}
    assert len(flat) == len(specs)

    def __call__(inputs: Any, training: bool = False) -> Any:  # its name is seen in errors
        given = inputs if len(specs) > 1 else dict.fromkeys(specs, inputs)
        function = (train if training else plain).functions["default"]
        found = function(*(given[key] for key in specs))
        return found if len(found) > 1 else next(iter(found.values()))

    called = tf.function(__call__, autograph=False)
    wanted: Any = dict(specs) if len(specs) > 1 else next(iter(specs.values()))
    for training in (False, True):
        called.get_concrete_function(wanted, training=training)
    return called


def _save_saved_model(
    folder: str | None, path: str, session: Any, values: Mapping[str, Any]
) -> None:
    """Save a copy of a TensorFlow 2 SavedModel with the session's values."""
    place = _Own(graph := tf.Graph(), tf.compat.v1.Session(graph=graph))
    with place.scope():
        loaded = tf.saved_model.load(folder)
        place.session.run(
            [tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()]
        )
        for variable in tf.compat.v1.global_variables():
            if variable.op.name in values:
                given = tf.compat.v1.placeholder(variable.dtype, variable.shape)
                place.session.run(
                    variable.assign(given, read_value=False),
                    {given: session.run(values[variable.op.name])},
                )
        tf.saved_model.save(loaded, path, signatures=dict(loaded.signatures))
