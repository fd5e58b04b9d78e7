"""Export a live session as a TensorFlow 2 SavedModel.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.serving`: stands alone and uses TensorFlow's
public API only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from migrator.bridge.serving import (
    _asset_path,
    _check_init_op,
    _Export,
    _initializes_table,
    _ServingModule,
)
from migrator.bridge.slices import _TABLES, _VARIABLES

__all__ = ["SessionModule", "session_module"]


class SessionModule(_ServingModule):
    """A ``tf.Module`` of what a session computes, in the place of TF1's ``SavedModelBuilder``.

    ::

        module = SessionModule(export_dir)
        module.add_session(sess, {"serving_default": ({"x": x}, {"y": y})})
        with module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    The variables are real ``tf.Variable``s under their TF1 names, in ``graph_variables``.
    Leaving the ``with`` block gives the saved signatures the keys, method names, tags and
    tensor names that TF1 wrote, so that ``tf.compat.v1.saved_model.loader.load`` and TensorFlow
    Serving see the model that they saw before.

    Raises:
        AssertionError: ``export_dir`` exists and is not empty, as TF1's builder does.
    """

    def add_session(
        self,
        session: Any,
        signatures: Mapping[str, Any],
        *,
        tags: Iterable[str] = ("serve",),
        assets: Iterable[Any] | None = None,
        init_op: Any = None,
    ) -> SessionModule:
        """Take the signatures' part of the session's graph, and its variables' values of now.

        Takes the place of ``SavedModelBuilder.add_meta_graph_and_variables``.

        Args:
            session: a ``tf.compat.v1.Session`` whose variables are initialized, or a managed one
                (``MonitoredSession`` and its like). Its graph may be finalized: nothing is added.
            signatures: maps a key to ``(inputs, outputs)`` or ``(inputs, outputs, method_name)``,
                where inputs and outputs map names to tensors, sparse tensors, variables or
                ``TensorInfo`` protos, or to a ``SignatureDef`` proto.
            tags: the tag set of the meta graph.
            assets: the ``ASSET_FILEPATHS`` collection: scalar string constants.
            init_op: ``main_op`` or ``legacy_init_op``. Tables need none here, they are rebuilt.

        Raises:
            AssertionError: a session was added already.
            TypeError: a signature is not one, or an asset is not a constant.
            ValueError: a signature needs something that cannot be exported; names the node.
        """
        if self._export is not None:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. "
                "TensorFlow 2 writes one meta graph per directory: use one SessionModule each."
            )
        session = _raw_session(session)
        graph = session.graph
        export = _Export(graph, signatures, tags)
        asset_paths = [_asset_path(tensor) for tensor in assets or ()]
        _check_init_op(init_op, export.needed)
        # A graph of its own: its variables can then be called what TF1 called them.
        own = tf.Graph()
        place = _Own(own, tf.compat.v1.Session(graph=own))
        export.scope = place.scope
        with graph.as_default():
            trainable = {v.op.name for v in tf.compat.v1.trainable_variables()}
        state: dict[str, Any] = {}
        for name, op in export.needed.items():
            # One at a time: a large model is held twice at most, never three times.
            if op.type in _TABLES:
                keys, values = _table_contents(session, op)
                with place.scope():
                    state[name] = _table(place.session, op, keys, values)
            else:
                value = session.run(_variable_reader(graph, op))
                with place.scope():
                    state[name] = _variable(place.session, op, value, name in trainable)
        with place.scope():
            export.make(state)
            self.assets = [tf.saved_model.Asset(path) for path in asset_paths]
        self.graph_variables = [
            state[n] for n, op in export.needed.items() if op.type in _VARIABLES
        ]
        self.tables = [state[n] for n, op in export.needed.items() if op.type in _TABLES]
        self._export = export
        return self


@dataclass(frozen=True)
class _Own:
    """The graph and the session of a SessionModule."""

    graph: Any
    session: Any

    @contextlib.contextmanager
    def scope(self) -> Any:
        """Make them the default ones."""
        with self.graph.as_default(), self.session.as_default():
            yield


def session_module(
    session: Any,
    export_dir: Any,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Any = None,
) -> SessionModule:
    """Return a SessionModule of one signature; takes what ``tf.saved_model.simple_save`` took."""
    module = SessionModule(export_dir)
    graph = session.graph
    assets = graph.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
    signatures = {"serving_default": (inputs, outputs)}
    return module.add_session(session, signatures, assets=assets, init_op=legacy_init_op)


def _raw_session(session: Any) -> Any:
    """Return the session in a managed one: its own ``run`` would run its hooks, and may stop."""
    if isinstance(session, tf.compat.v1.train.SingularMonitoredSession):
        return session.raw_session()
    if isinstance(session, tf.compat.v1.train.MonitoredSession):
        return session.run_step_fn(lambda step_context: step_context.session)
    return session


def _variable_reader(graph: Any, op: Any) -> Any:
    """Return a tensor of the variable's value, if possible without adding to the graph."""
    if op.type != "VarHandleOp":
        return op.outputs[0]
    for reader in op.outputs[0].consumers():
        if reader.type == "ReadVariableOp" and not reader.control_inputs:
            return reader.outputs[0]
    with graph.as_default(), tf.control_dependencies(None):
        return tf.raw_ops.ReadVariableOp(resource=op.outputs[0], dtype=op.get_attr("dtype"))


def _variable(session: Any, op: Any, value: Any, trainable: bool) -> Any:
    """Return a ``tf.Variable`` of the same name, shape and dtype that holds ``value``."""
    dtype = tf.as_dtype(op.get_attr("dtype"))
    shape = tf.TensorShape(op.get_attr("shape"))
    if shape.rank == 0 and value.ndim:  # how TF1 spells an unknown shape
        shape = tf.TensorShape(None)
    # A constant would put the value into the graph, whose size is limited to 2 GB.
    initial = tf.compat.v1.placeholder(dtype, value.shape)
    variable = tf.Variable(initial, trainable=trainable, name=op.name, dtype=dtype, shape=shape)
    session.run(variable.initializer, {initial: value})
    return variable


def _table_contents(session: Any, op: Any) -> Any:
    """Return the arrays of a table's keys and values."""
    handle = op.outputs[0]
    readers = [one for one in handle.consumers() if one.type == "LookupTableExportV2"]
    fills = [one for one in handle.consumers() if _initializes_table(one)]
    if readers:  # of an earlier export
        tensors = list(readers[0].outputs)
    elif op.graph.finalized:
        return _contents_in_a_copy(op, fills)
    else:
        tensors = _exported(handle, op)
    try:
        return session.run(list(tensors))
    except (tf.errors.AbortedError, tf.errors.FailedPreconditionError):
        # This session has not initialized it; TF1 left that to the loader's init_op.
        session.run(fills)
        return session.run(list(tensors))


def _exported(handle: Any, op: Any) -> Any:
    """Return new tensors of the keys and values of the table behind ``handle``."""
    with handle.graph.as_default(), tf.control_dependencies(None):
        return tf.raw_ops.LookupTableExportV2(
            table_handle=handle,
            Tkeys=op.get_attr("key_dtype"),
            Tvalues=op.get_attr("value_dtype"),
            name="tf2_bridge/export",
        )


def _contents_in_a_copy(op: Any, fills: list[Any]) -> Any:
    """Return what a table of a finalized graph is initialized with."""
    if op.type != "HashTableV2" or not fills:
        raise ValueError(
            f"table {op.name!r} ({op.type}) cannot be read: its graph is finalized. Restore a "
            "checkpoint into a graph of its own, and export from there."
        )
    names = [op.name, *(one.name for one in fills)]
    nodes = tf.compat.v1.graph_util.extract_sub_graph(op.graph.as_graph_def(), names)
    with tf.Graph().as_default() as copy, tf.compat.v1.Session() as session:
        tf.import_graph_def(nodes, name="")
        session.run([copy.get_operation_by_name(name) for name in names[1:]])
        handle = copy.get_tensor_by_name(f"{op.name}:0")
        return session.run(list(_exported(handle, op)))


def _table(session: Any, op: Any, keys: Any, values: Any) -> Any:
    """Return a ``StaticHashTable`` of these contents."""
    key_dtype, value_dtype = (tf.as_dtype(op.get_attr(f"{k}_dtype")) for k in ("key", "value"))
    contents = tf.lookup.KeyValueTensorInitializer(keys, values, key_dtype, value_dtype)
    # The default of a lookup is an input of the node that looks up, not the table's.
    default = "" if value_dtype == tf.string else 0
    table = tf.lookup.StaticHashTable(contents, tf.constant(default, value_dtype))
    session.run(tf.compat.v1.tables_initializer())
    return table
