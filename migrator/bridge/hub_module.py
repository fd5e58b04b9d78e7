"""``hub.Module`` of TF1 Hub, which the package tensorflow-hub no longer has, in a graph.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.hub_files` and :mod:`migrator.bridge.hub_export`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import _slice_info
from migrator.bridge.checkpoint_readers import init_from_checkpoint
from migrator.bridge.hub_export import _save_module, _save_saved_model
from migrator.bridge.hub_files import _Info, _infos, _read_folder
from migrator.bridge.session_module import _raw_session
from migrator.bridge.signature_defs import _tensor_names

__all__ = ["HubModule", "HubModuleSpec"]

_KEYS = tf.compat.v1.GraphKeys
_STATE = (
    *(_KEYS.GLOBAL_VARIABLES, _KEYS.MODEL_VARIABLES, _KEYS.TABLE_INITIALIZERS),
    *(_KEYS.ASSET_FILEPATHS, _KEYS.COND_CONTEXT, _KEYS.WHILE_CONTEXT),
)
_TRAINED = (_KEYS.TRAINABLE_VARIABLES, _KEYS.REGULARIZATION_LOSSES)
_APPLIED = (_KEYS.ASSET_FILEPATHS, _KEYS.COND_CONTEXT, _KEYS.WHILE_CONTEXT)


class HubModuleSpec:
    """What a module computes, by tag set; the ``ModuleSpec`` of TF1 Hub.

    Args:
        meta_graphs: tag set -> its ``MetaGraphDef``.
        folder: where the values of its variables are; None leaves them to their initializers.
        saved_model: whether ``folder`` holds a TensorFlow 2 SavedModel.
    """

    def __init__(
        self, meta_graphs: Mapping[frozenset[str], Any], folder: str | None, saved_model: bool
    ) -> None:
        self.meta_graphs = dict(meta_graphs)
        self.folder = folder
        self.saved_model = saved_model

    def get_tags(self) -> list[set[str]]:
        """Return the tag sets."""
        return [set(tags) for tags in self.meta_graphs]

    def get_signature_names(self, tags: Iterable[str] | None = None) -> list[str]:
        """Return the keys of the signatures."""
        found = self.meta_graph(tags).signature_def
        return [key for key in found if not key.startswith("__saved_model")]

    def get_input_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """Return dtype, shape and kind of a signature's inputs by their names."""
        return _infos(self.signature(signature, tags).inputs)

    def get_output_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """Return dtype, shape and kind of a signature's outputs by their names."""
        return _infos(self.signature(signature, tags).outputs)

    def export(
        self,
        path: Any,
        _sentinel: None = None,
        checkpoint_path: str | None = None,
        name_transform_fn: Callable[[str], str] | None = None,
    ) -> None:
        """Export a module with the variables of a checkpoint, as a TensorFlow 2 SavedModel."""
        if checkpoint_path is None:
            raise ValueError("Missing mandatory `checkpoint_path` parameter")
        rename = name_transform_fn or str
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            module = HubModule(self)
            values = {rename(name): value for name, value in module.variable_map.items()}
            init_from_checkpoint(checkpoint_path, values)
            session.run(tf.compat.v1.global_variables_initializer())
            module.export(path, session)

    def meta_graph(self, tags: Iterable[str] | None) -> Any:
        """Return the ``MetaGraphDef`` of a tag set."""
        found = self.meta_graphs.get(frozenset(tags or ()))
        if found is None:
            raise ValueError(f"No such graph variant: tags={sorted(tags or ())!r}")
        return found

    def signature(self, name: str | None, tags: Iterable[str] | None) -> Any:
        """Return a ``SignatureDef``."""
        known = self.meta_graph(tags).signature_def
        key = name or "default"
        if key not in known and not name and self.saved_model:
            key = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        if key not in known:
            raise ValueError(f"Signature {name or 'default'!r} is missing from meta graph.")
        return known[key]


class HubModule:
    """A module in the default graph, as ``hub.Module`` was.

    Takes modules of TF1 Hub and TensorFlow 2 SavedModels. Variables, their names and collections
    are those of ``hub.Module``; :meth:`export` writes a TensorFlow 2 SavedModel.
    """

    def __init__(
        self,
        spec: Any,
        trainable: bool = False,
        name: str = "module",
        tags: Iterable[str] | None = None,
    ) -> None:
        self._spec = spec if isinstance(spec, HubModuleSpec) else HubModuleSpec(*_read_folder(spec))
        self._graph = tf.compat.v1.get_default_graph()
        self._trainable = trainable
        self._tags = frozenset(tags or ())
        self._meta = self._spec.meta_graph(self._tags)
        self._state: dict[str, Any] = {}
        self._loaded: Any = None
        outer = tf.compat.v1.get_variable_scope().name
        with tf.name_scope(f"{outer}/" if outer else ""):
            with tf.compat.v1.variable_scope(
                None, default_name=name, auxiliary_name_scope=False
            ) as scope:
                self._scope = scope.name
            self._name = self._scope.rpartition("/")[2]
            if self._graph.unique_name(self._name, mark_as_used=False) != self._scope:
                raise RuntimeError(
                    f"variable_scope {self._scope}/ was unused but the corresponding name_scope "
                    "was already taken."
                )
            with tf.control_dependencies(None):
                if self._spec.saved_model:
                    self._load()
                else:
                    self._import_state()
        self.variable_map = _joined_parts(
            {
                value.op.name[len(self._scope) + 1 :]: value
                for value in tf.compat.v1.global_variables()
                if value.op.name.startswith(f"{self._scope}/")
            }
        )
        if self._spec.folder and not self._spec.saved_model and self.variable_map:
            prefix = os.path.join(self._spec.folder, "variables", "variables")
            tf.compat.v1.train.init_from_checkpoint(prefix, self.variable_map)

    @property
    def variables(self) -> list[Any]:
        """The variables, sorted by name."""
        return tf.nest.flatten([value for _, value in sorted(self.variable_map.items())])  # type: ignore[no-any-return]

    def get_signature_names(self) -> list[str]:
        """Return the keys of the signatures."""
        return self._spec.get_signature_names(self._tags)

    def get_input_info_dict(self, signature: str | None = None) -> dict[str, Any]:
        """Return dtype, shape and kind of a signature's inputs by their names."""
        return self._spec.get_input_info_dict(signature, self._tags)

    def get_output_info_dict(self, signature: str | None = None) -> dict[str, Any]:
        """Return dtype, shape and kind of a signature's outputs by their names."""
        return self._spec.get_output_info_dict(signature, self._tags)

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: None = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        """Apply a signature; return its output ``default``, or with ``as_dict`` all of them.

        Raises:
            RuntimeError: the default graph is not that of the module.
            TypeError: an input is missing or unknown, or there is no output ``default``.
        """
        if self._graph is not tf.compat.v1.get_default_graph():
            raise RuntimeError("Module must be applied in the graph it was instantiated for.")
        if self._spec.saved_model:
            outputs = self._call_loaded(inputs, signature)
        else:
            definition = self._spec.signature(signature, self._tags)
            given = _converted(inputs, self.get_input_info_dict(signature))
            outputs = self._apply(definition, given, signature or "default")
        if as_dict:
            return outputs
        if "default" not in outputs:
            raise TypeError("There is no output named 'default'. Use as_dict=True.")
        return outputs["default"]

    def export(self, path: Any, session: Any) -> None:
        """Write the module, with the session's values, as a TensorFlow 2 SavedModel.

        ``tf.saved_model.load`` and ``hub.load`` give an object with ``__call__``, ``variables``,
        ``trainable_variables``, ``regularization_losses`` and ``signatures``. What has the tag
        ``train`` is called with ``training=True``; the updates of batch normalization that TF1
        collected in ``UPDATE_OPS`` are no part of it.
        """
        if self._graph is not tf.compat.v1.get_default_graph():
            raise RuntimeError(
                "default graph differs from the graph where the module was instantiated."
            )
        session = _raw_session(session)
        if self._graph is not session.graph:
            raise RuntimeError(
                "session graph differs from the graph where the module was instantiated."
            )
        path = tf.compat.as_str(tf.compat.path_to_str(path))
        start = len(self._scope) + 1
        values = {one.op.name[start:]: one for one in self.variables}
        if self._spec.saved_model:
            _save_saved_model(self._spec.folder, path, session, values)
        else:
            _save_module(self._spec.meta_graphs, self._tags, path, session, values)

    # -- modules of TensorFlow 1 --------------------------------------------------------

    def _import_state(self) -> None:
        wanted = (*_STATE, *(_TRAINED if self._trainable else ()))
        meta = _filtered(self._meta, wanted, self._scope)
        tf.compat.v1.train.import_meta_graph(meta, input_map={}, import_scope=self._name)
        for node in meta.graph_def.node:
            op = self._graph.get_operation_by_name(f"{self._scope}/{node.name}")
            if op.op_def.is_stateful and not op.op_def.input_arg:
                self._state[f"{node.name}:0"] = op.outputs[0]

    def _apply(self, definition: Any, given: Mapping[str, Any], signature: str) -> dict[str, Any]:
        fed = dict(self._state)
        for name, value in given.items():
            fed.update(zip(_tensor_names(definition.inputs[name]), _components(value), strict=True))
        name = f"{self._name}_apply_{signature.replace(':', '_')}"
        scope = self._graph.unique_name(name, mark_as_used=False)
        updates = (_KEYS.UPDATE_OPS,) if self._trainable else ()
        meta = _filtered(self._meta, (*_APPLIED, *updates), scope)
        for node in meta.graph_def.node:
            node.attr.pop("_class", None)  # colocation with what is not imported again
            if f"{node.name}:0" in self._state:
                dtype = self._state[f"{node.name}:0"].dtype.base_dtype.as_datatype_enum
                node.op = "Placeholder"
                node.attr.clear()
                node.attr["dtype"].type = dtype
        tf.compat.v1.train.import_meta_graph(
            meta, input_map=fed, import_scope=scope.rpartition("/")[2]
        )

        def tensor(name: str) -> Any:
            return fed[name] if name in fed else self._graph.get_tensor_by_name(f"{scope}/{name}")

        return {key: _tensor_of(info, tensor) for key, info in definition.outputs.items()}

    # -- SavedModels of TensorFlow 2 ----------------------------------------------------

    def _load(self) -> None:
        with tf.name_scope(self._name):
            self._loaded = tf.saved_model.load(self._spec.folder)
        if not self._trainable:
            return
        listed = tf.compat.v1.trainable_variables()
        for value in tf.compat.v1.global_variables():
            inside = value.op.name.startswith(f"{self._scope}/")
            if inside and value.trainable and not any(value is one for one in listed):
                tf.compat.v1.add_to_collection(_KEYS.TRAINABLE_VARIABLES, value)
        for loss in getattr(self._loaded, "regularization_losses", ()):
            tf.compat.v1.add_to_collection(_KEYS.REGULARIZATION_LOSSES, loss())

    def _call_loaded(self, inputs: Any, signature: str | None) -> dict[str, Any]:
        loaded = self._loaded
        held = loaded.signatures
        if self._tags:
            held = loaded.variants[",".join(sorted(self._tags))]
        key = signature or "default"
        if key not in held and signature is None and callable(loaded):
            found = loaded(inputs)
            return dict(found) if isinstance(found, Mapping) else {"default": found}
        if key not in held:
            raise ValueError(f"Signature {key!r} is missing from meta graph.")
        given = _converted(inputs, self.get_input_info_dict(signature))
        function = held[key]
        if not self._tags and any(map(_is_sparse, given.values())):
            raise TypeError(f"Signature {key!r} takes a sparse tensor: call the loaded object")
        if self._tags:
            return dict(function(*[part for k in sorted(given) for part in _components(given[k])]))
        return dict(function(**given))


def _filtered(meta: Any, collections: Iterable[str], scope: str) -> Any:
    """Return a copy of a ``MetaGraphDef`` with some collections, and resources of its own."""
    copy = type(meta)()
    copy.CopyFrom(meta)
    for key in set(copy.collection_def) - set(collections):
        del copy.collection_def[key]
    for node in copy.graph_def.node:
        shared = node.attr["shared_name"].s if "shared_name" in node.attr else b""
        if shared:
            node.attr["shared_name"].s = tf.compat.as_bytes(f"{scope}/{tf.compat.as_str(shared)}")
    return copy


def _joined_parts(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables by name, the parts of a partitioned one in a list under its name."""
    found: dict[str, Any] = {}
    parts: dict[str, list[tuple[Any, Any]]] = {}
    for name, value in variables.items():
        info = _slice_info(value)
        if info is None:
            found[name] = value
        else:
            key = (list(info.var_offset), value)
            parts.setdefault(name.rpartition("/")[0], []).append(key)
    for name, pairs in parts.items():
        found[name] = [value for _, value in sorted(pairs, key=lambda pair: pair[0])]
    return found


def _converted(inputs: Any, infos: Mapping[str, _Info]) -> dict[str, Any]:
    """Return the inputs as tensors by their names; raise TypeError as ``hub.Module`` does."""
    if inputs is None:
        given: dict[str, Any] = {}
    elif isinstance(inputs, Mapping):
        given = dict(inputs)
    elif len(infos) == 1:
        given = {next(iter(infos)): inputs}
    else:
        raise TypeError(f"Signature expects multiple inputs. Use a dict. {sorted(infos)}")
    if set(given) != set(infos):
        raise TypeError(f"Cannot convert dict_inputs: {sorted(given)}, not {sorted(infos)}")
    return {
        name: value
        if _is_sparse(value)
        else tf.convert_to_tensor(value, dtype=infos[name].dtype, name=name)
        for name, value in given.items()
    }


def _is_sparse(value: Any) -> bool:
    return isinstance(value, (tf.SparseTensor, tf.compat.v1.SparseTensorValue))


def _components(value: Any) -> list[Any]:
    if not _is_sparse(value):
        return [value]
    return [tf.convert_to_tensor(v) for v in (value.indices, value.values, value.dense_shape)]


def _tensor_of(info: Any, tensor: Any) -> Any:
    found = [tensor(name) for name in _tensor_names(info)]
    return found[0] if len(found) == 1 else tf.SparseTensor(*found)
