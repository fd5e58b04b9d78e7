"""SavedModels and meta graphs, imported into the graph that a GraphModule builds.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

# What a collection holds of a variable: it has no name under ``tf``.
from tensorflow.core.framework import variable_pb2

from migrator.bridge.checkpoint_files import _OBJECT_GRAPH
from migrator.bridge.graph_build import _Build, _running
from migrator.bridge.graph_module import saver
from migrator.bridge.graph_resources import _new_table, _Resources
from migrator.bridge.graph_saver import GraphSaver, _restorable
from migrator.bridge.saved_model_files import _meta_graph

__all__ = ["graph_operations", "import_meta_graph", "import_saved_model"]


def import_saved_model(
    tags: Collection[str], export_dir: Any, import_scope: str | None = None
) -> Any:
    """Import what ``tf.compat.v1.saved_model.loader.load`` loads into the graph that is built.

    Tensors, operations and collections are found as in TF1. All variables are the module's, under
    their TF1 names and with the saved values; tables are filled.

    Args:
        tags: of the meta graph.
        export_dir: the folder of the SavedModel, written by TensorFlow 1 or 2.
        import_scope: is put before all names.

    Returns:
        The ``MetaGraphDef``, with the signatures.

    Raises:
        OSError: there is no SavedModel in the folder.
        RuntimeError: it has no meta graph of these tags, or no graph is being built.
        ValueError: the graph has a variable of the same name.
    """
    build = _building()
    export_dir = tf.compat.as_str(tf.compat.path_to_str(export_dir))
    result = _meta_graph(export_dir, tags)
    meta = tf.compat.v1.MetaGraphDef()
    meta.CopyFrom(result)
    _set_assets(meta, export_dir)
    imported = _Imported(build, meta, import_scope)
    prefix = os.path.join(export_dir, "variables", "variables")
    if imported.saver_def is not None and tf.io.gfile.exists(f"{prefix}.index"):
        imported.restore(prefix)
    imported.initialize_tables()
    return result


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    input_map: Mapping[str, Any] | None = None,
) -> Any:
    """Do what ``tf.compat.v1.train.import_meta_graph`` does, in the graph that is built.

    The variables are the module's; until they are restored they have their initial values.

    Args:
        meta_graph_or_file: a ``MetaGraphDef``, or the path of a ``.meta`` file.
        clear_devices: is of no effect: the devices are always cleared.
        import_scope: is put before all names.
        input_map: tensors of the graph that is built, in the place of those of the file that the
            keys name.

    Returns:
        A :class:`GraphSaver` with the names, variables and limits of the Saver that wrote the
        file, or None where there is no Saver and nothing to save.

    Raises:
        OSError: there is no such file.
        RuntimeError: no graph is being built.
        ValueError: the graph has a variable of the same name, or a key of ``input_map`` is not in
            the file.
    """
    build = _building()
    meta = tf.compat.v1.MetaGraphDef()
    if isinstance(meta_graph_or_file, tf.compat.v1.MetaGraphDef):
        meta.CopyFrom(meta_graph_or_file)
    else:
        path = tf.compat.as_str(tf.compat.path_to_str(meta_graph_or_file))
        if not tf.io.gfile.exists(path):
            raise OSError(f"File {path} does not exist.")
        with tf.io.gfile.GFile(path, "rb") as stream:
            meta.ParseFromString(stream.read())
    imported = _Imported(build, meta, import_scope, input_map)
    if imported.saver_def is not None:
        return _ImportedSaver(imported)
    return saver() if tf.compat.v1.global_variables() else None


def graph_operations() -> list[Any]:
    """Return the operations of the graph that TensorFlow 1 had in it, in their order.

    The others stand for variables, which are outside of the graph, and for what changes them.
    """
    build = _building()
    captured = build.captured
    return [
        op
        for op in build.graph.get_operations()
        if op.name not in captured and "/tf2_bridge" not in op.name
    ]


class _Imported:
    """A meta graph in the graph that is built.

    Args:
        build: of the graph.
        meta: the meta graph, which is changed.
        import_scope: is put before all names.
        given: tensors of the graph that is built, by those of the meta graph.
    """

    def __init__(
        self,
        build: _Build,
        meta: Any,
        import_scope: str | None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        v1, graph = tf.compat.v1, build.graph
        self.build, self.meta = build, meta
        stripped = meta.meta_info_def.stripped_op_list
        self.resources = _Resources(meta.graph_def, stripped if stripped.op else None)
        found = graph.unique_name(import_scope, mark_as_used=False) if import_scope else ""
        self.scope = f"{found}/" if found else ""
        #: by the names of their operations in the meta graph
        self.variables: dict[str, Any] = {}
        handles = self._make()
        input_map = {
            f"{self.resources.placeholder(name)}:0": graph.capture(handle)
            for name, handle in handles.items()
        }
        input_map.update(given or {})
        listed = {key: self._take(key) for key in _VARIABLE_KEYS}
        #: the definition of the Saver, None if there is none
        self.saver_def: Any = v1.train.SaverDef() if meta.HasField("saver_def") else None
        if self.saver_def is not None:
            self.saver_def.CopyFrom(meta.saver_def)
        # Without one, TensorFlow would make a Saver of all variables, of other imports too.
        for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
            setattr(meta.saver_def, field, "none")
        v1.train.import_meta_graph(meta, import_scope=import_scope, input_map=input_map)
        made = set(map(id, self.variables.values()))
        for key, names in listed.items():
            if names or graph.get_collection(key):
                members = graph.get_collection_ref(key)  # holds them, in the order of the graph
                members[:] = [one for one in members if id(one) not in made]
                members.extend(self.variables[one] for one in names)
        for key in meta.collection_def:  # of users: they name variables as tensors
            members = graph.get_collection_ref(key)
            members[:] = [self._or_variable(one) for one in members]
        self._note_initial_values()

    def _make(self) -> dict[str, Any]:
        """Make the variables and tables, and return their handles by operation."""
        trainable = set(self._names("trainable_variables"))
        handles: dict[str, Any] = {}
        shared: dict[Any, Any] = {}
        with tf.init_scope(), tf.compat.v1.name_scope(None):
            for name, op in self.resources.variables.items():
                key = (op.type, op.get_attr("container"), op.get_attr("shared_name") or name)
                if op.type != "VarHandleOp" or key not in shared:
                    shared[key] = self.build.import_variable(
                        self.scope + name,
                        tf.TensorShape(op.get_attr("shape")),
                        tf.as_dtype(op.get_attr("dtype")).base_dtype,
                        name in trainable,
                    )
                self.variables[name] = shared[key]
                handles[name] = shared[key].handle
            for name, op in self.resources.tables.items():
                key = (op.type, op.get_attr("container"), op.get_attr("shared_name") or name)
                handles[name] = shared[key] if key in shared else _new_table(op)
                shared[key] = handles[name]
                kinds = op.get_attr("key_dtype"), op.get_attr("value_dtype")
                self.build.tables[id(handles[name])] = kinds
        return handles

    def _names(self, key: str) -> list[str]:
        """Return the operations of the variables in a collection of the meta graph."""
        if key not in self.meta.collection_def:
            return []
        values = self.meta.collection_def[key].bytes_list.value
        defs = [variable_pb2.VariableDef.FromString(value) for value in values]
        return [one.variable_name.partition(":")[0] for one in defs]

    def _take(self, key: str) -> list[str]:
        names = self._names(key)
        self.meta.collection_def.pop(key, None)
        return names

    def _or_variable(self, member: Any) -> Any:
        if isinstance(member, tf.Tensor) and member.name.startswith(self.scope):
            return self.variables.get(member.name[len(self.scope) : -len(":0")], member)
        return member

    def _note_initial_values(self) -> None:
        for name, variable in self.variables.items():
            for op in self.resources.variables[name].outputs[0].consumers():
                if op.name == f"{name}/Assign":
                    self.build.import_initial_value(variable, self.element(op.inputs[1].name))

    def element(self, name: str) -> Any:
        """Return the tensor or operation called ``name`` in the meta graph."""
        return self.build.element(self.scope + name)

    def run(self, op: str, feeds: Mapping[str, Any]) -> None:
        """Run an operation now, though the graph may not be complete."""
        tensors = [self.element(name) for name in feeds]
        with tf.init_scope():
            self.build.cut(tensors, [self.element(op)])(*map(tf.constant, feeds.values()))

    def restore(self, prefix: str) -> None:
        """Restore a checkpoint as the meta graph's Saver does."""
        definition = self.saver_def
        self.run(definition.restore_op_name, {definition.filename_tensor_name: prefix})
        for name in _ancestors(self.resources.graph, definition.restore_op_name):
            if name in self.variables:
                self.build.give(self.variables[name], now=True)

    def initialize_tables(self) -> None:
        """Run what the SavedModel has to be run when it is loaded."""
        meta = self.meta
        found = [meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name]
        for key in ("saved_model_main_op", "legacy_init_op"):
            found.extend(
                meta.collection_def[key].node_list.value if key in meta.collection_def else ()
            )
        ops = [name for name in found if name]
        if ops:
            self.run(ops[0].partition(":")[0], {})

    def saved(self) -> tuple[dict[str, Any], list[str]]:
        """Return the variables that the Saver restores by their names in the checkpoint.

        And the names of those that are slices of what is in the checkpoint.
        """
        graph, result, slices = self.resources.graph, {}, []
        # One op restores all variables: its constants are parsed once.
        strings = functools.cache(lambda op: tf.make_ndarray(op.get_attr("value")))
        for name in _ancestors(graph, self.saver_def.restore_op_name):
            op = graph.get_operation_by_name(name)
            if op.type not in ("Assign", "AssignVariableOp"):
                continue
            value = op.inputs[1]
            while value.op.type in ("Identity", "Reshape"):
                value = value.op.inputs[0]
            variable = self.variables.get(op.inputs[0].op.name)
            if value.op.type == "RestoreV2" and variable is not None:
                name, part = (strings(one.op)[value.value_index] for one in value.op.inputs[1:3])
                result[tf.compat.as_str(name)] = variable
                slices.extend([variable.name] if part else [])
        return result, sorted(slices)


class _ImportedSaver(GraphSaver):
    """The Saver of a meta graph."""

    def __init__(self, imported: _Imported) -> None:
        definition = imported.saver_def
        variables, self._slices = imported.saved()
        super().__init__(
            variables,
            max_to_keep=definition.max_to_keep,
            keep_checkpoint_every_n_hours=definition.keep_checkpoint_every_n_hours,
        )
        self._imported = imported

    def restore(self, save_path: Any) -> None:
        """Restore a checkpoint of either kind, as :meth:`GraphSaver.restore`."""
        prefix = _restorable(save_path)
        if tf.compat.v1.train.NewCheckpointReader(prefix).has_tensor(_OBJECT_GRAPH):
            self._check()
            super().restore(prefix)
        else:  # the graph knows what to do with slices and tables
            self._imported.restore(prefix)

    def save(self, *args: Any, **options: Any) -> str:
        """Write a checkpoint, as :meth:`GraphSaver.save`."""
        self._check()
        return super().save(*args, **options)

    def _check(self) -> None:
        if self._slices:
            raise ValueError(f"{self._slices[0]} is a part of a partitioned variable")


_VARIABLE_KEYS = (
    *("variables", "trainable_variables", "local_variables", "model_variables"),
    *("moving_average_variables", "metric_variables", "global_step"),
)


def _building() -> _Build:
    if _running.build is None:
        raise RuntimeError("a graph is imported where one is built: call it in a @graph method")
    return _running.build


def _set_assets(meta: Any, export_dir: str) -> None:
    """Give the constants that are the paths of assets the paths that these have now."""
    key, paths = "saved_model_assets", {}
    if key in meta.collection_def:  # where TensorFlow 1 wrote them
        for one in meta.collection_def[key].any_list.value:
            meta.asset_file_def.add().ParseFromString(one.value)
    for asset in meta.asset_file_def:
        name = asset.tensor_info.name.partition(":")[0]
        paths[name] = os.path.join(export_dir, "assets", asset.filename)
    for node in meta.graph_def.node:
        if node.name in paths:
            node.op = "Const"  # TensorFlow 2 wrote a placeholder
            node.attr.clear()
            node.attr["dtype"].type = tf.string.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(paths[node.name]))


def _ancestors(graph: Any, name: str) -> list[str]:
    """Return the names of an operation and of all that it needs."""
    found: dict[str, None] = {}
    stack = [graph.get_operation_by_name(name)]
    while stack:
        op = stack.pop()
        if op.name not in found:
            found[op.name] = None
            stack.extend([*op.control_inputs, *(tensor.op for tensor in op.inputs)])
    return list(found)
