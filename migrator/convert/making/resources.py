"""Lookup tables and assets of a TensorFlow 1 model, as objects that TensorFlow 2 saves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from migrator.convert.making import CannotCarry
from migrator.convert.making.sources import Source
from migrator.convert.making.values import identity, upstream

__all__ = ["by_name", "further_assets", "rebuild"]

_FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
_READS = ("LookupTableFind", "LookupTableSize", "LookupTableExport")
#: What only passes the handle of a table on.
_PASSES = ("Identity", "RefIdentity", "Enter", "RefEnter", "Switch", "RefSwitch", "Merge")
#: What fills a table; others that take it may only look up in it.
_FILLS = ("InitializeTable", "LookupTableImport", "LookupTableInsert")
#: The attribute of a table that holds the path of the file that fills it.
_FILE = "tf_migrator_file"


def rebuild(graph: Any, source: Source, ops: Iterable[Any]) -> dict[str, Any]:
    """Return a table like the one that each op holds, filled, by the name of the op.

    A table that a vocabulary file fills is filled from that file, which becomes an asset of
    what is saved.  Others get the contents that a loader of TensorFlow 1 gives them: what the
    checkpoint holds of a mutable table, then what the loader's init op computes.  Ops that
    share a table (``shared_name``) get one object.

    Args:
        graph: what the ops are of; gets nodes that read tables.
        source: the model.
        ops: ``HashTableV2``, ``MutableHashTableV2``, ``MutableHashTableOfTensorsV2``,
            ``MutableDenseHashTableV2`` and what they were called before they were resources.

    Returns:
        ``tf.lookup.StaticHashTable``, ``tf.lookup.experimental.MutableHashTable`` and
        ``tf.lookup.experimental.DenseHashTable``: each has a ``resource_handle``.

    Raises:
        CannotCarry: the contents of a table cannot be known; names the op.
    """
    contents = _Contents(graph, source)
    tables: dict[tuple[str, ...], Any] = {}
    found = {}
    for op in ops:
        key = identity(op)
        if key not in tables:
            tables[key] = _rebuilt(op, contents)
        found[op.name] = tables[key]
    return found


def by_name(source: Source, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables in ``state`` by the names that they have in the checkpoint.

    That is the name of the op where they are in none.
    """
    found: dict[str, Any] = {}
    for name, one in sorted(state.items()):
        if isinstance(one, (tf.Variable, tf.saved_model.Asset)):
            continue
        entries = source.values.entries.get(name, ())
        key = entries[0].key if entries else name
        if not any(one is other for other in found.values()):
            key = key[: -len("-keys")] if key.endswith("-keys") else key
            # A Saver keeps one table of those that were given one name, and forgets the others.
            found[name if key in found else key] = one
    return found


def further_assets(source: Source, state: Mapping[str, Any]) -> list[Any]:
    """Return the source's assets that nothing in ``state`` holds, as ``tf.saved_model.Asset``s.

    Raises:
        CannotCarry: the file of an asset is missing.
    """
    held = set()
    for one in state.values():
        if isinstance(one, tf.saved_model.Asset):
            held.add(os.path.realpath(tf.compat.as_str(one.asset_path.numpy())))
        else:
            held.add(getattr(one, _FILE, ""))
    found = []
    for name, path in sorted(source.assets.items(), key=lambda pair: pair[::-1]):
        if os.path.realpath(path) not in held:
            held.add(os.path.realpath(path))
            found.append(tf.saved_model.Asset(_present(path, name.partition(":")[0], "Const")))
    return found


def _rebuilt(op: Any, contents: _Contents) -> Any:
    """Return the table of one op."""
    key_dtype, value_dtype = (tf.as_dtype(op.get_attr(f"{k}_dtype")) for k in ("key", "value"))
    fillers = contents.fillers(op)
    if op.type in ("HashTable", "HashTableV2"):
        # The default of a lookup is an input of the node that looks up, not the table's.
        default = tf.constant("" if value_dtype == tf.string else 0, value_dtype)
        if len(fillers) == 1 and fillers[0].type in _FROM_FILE:
            path, initializer = contents.of_file(op, fillers[0], key_dtype, value_dtype)
            table = _filled(op, lambda: tf.lookup.StaticHashTable(initializer(), default))
            setattr(table, _FILE, os.path.realpath(path))
            return table
        keys, values = contents.computed(op, fillers)
        return _filled(
            op,
            lambda: tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(keys, values, key_dtype, value_dtype), default
            ),
        )
    shape = [] if op.type in ("MutableHashTable", "MutableHashTableV2") else _value_shape(op)
    default = tf.fill(shape, tf.constant("" if value_dtype == tf.string else 0, value_dtype))
    if op.type.startswith("MutableDenseHashTable"):
        marks = [contents.constant(op, op.inputs[place]) for place in (0, 1)]
        table = tf.lookup.experimental.DenseHashTable(
            key_dtype,
            value_dtype,
            default,
            *marks,  # not tensors: they are put into the graph that is saved
            initial_num_buckets=op.get_attr("initial_num_buckets"),
        )
    else:
        table = tf.lookup.experimental.MutableHashTable(key_dtype, value_dtype, default)
        marks = []
    stored = contents.stored(op)
    if stored is not None:  # a dense table is stored as it is, with its empty places
        tf.raw_ops.LookupTableImportV2(
            table_handle=table.resource_handle, keys=stored[0], values=stored[1]
        )
    if fillers:
        keys, values = contents.computed(op, fillers)
        if marks:
            keys = tf.reshape(keys, [len(keys), *tf.constant(marks[0]).shape])
            axes = list(range(1, len(keys.shape)))
            marked = [tf.reduce_all(keys == tf.constant(mark, key_dtype), axes) for mark in marks]
            kept = tf.logical_not(tf.logical_or(*marked))
            keys, values = tf.boolean_mask(keys, kept), tf.boolean_mask(values, kept)
        table.insert(keys, tf.reshape(values, [len(keys), *shape]))
    return table


def _filled(op: Any, make: Any) -> Any:
    """Return the table that ``make`` returns; what TensorFlow says of its contents, by node."""
    try:
        return make()
    except (tf.errors.OpError, ValueError, TypeError) as error:
        raise CannotCarry(
            f"node {op.name!r} ({op.type}) is a table that TensorFlow {tf.__version__} cannot "
            f"fill: {error}",
            op.name,
        ) from error


def _value_shape(op: Any) -> list[int]:
    """Return the shape of the values of a table of tensors."""
    shape = tf.TensorShape(op.get_attr("value_shape"))
    if shape.is_fully_defined():
        return list(shape.as_list())
    raise CannotCarry(
        f"node {op.name!r} ({op.type}) is a table of values of unknown shape", op.name
    )


class _Contents:
    """What fills the tables of a model."""

    def __init__(self, graph: Any, source: Source) -> None:
        self._graph = graph
        self._source = source
        self._initialized = {op.name for op in upstream(source.init_ops)}

    def fillers(self, op: Any) -> list[Any]:
        """Return the ops that fill a table when a loader runs the model's init op.

        Where the init op forgets a table that never changes, its initializer is found all the
        same.
        """
        users = [one for same in self._same(op) for one in _users(same)]
        writers = [one for one in users if not one.type.startswith(_READS)]
        found = [one for one in writers if one.name in self._initialized]
        for one in found:
            if one.type.startswith("LookupTableRemove"):
                raise CannotCarry(
                    f"node {one.name!r} ({one.type}) removes entries of a table when the model "
                    "is loaded",
                    one.name,
                )
        if not found and op.type.startswith("HashTable"):
            found = [one for one in writers if one.type.startswith(_FILLS)][:1]
            if found and self._source.kind == "savedmodel":
                self._source.said.append(
                    f"the table {op.name!r} was filled by {found[0].name!r}, which the model's "
                    "init op does not run"
                )
        if not found and op.type.startswith("HashTable"):
            raise CannotCarry(
                f"node {op.name!r} ({op.type}) is a table that nothing in the graph fills",
                op.name,
                "Convert a SavedModel, or a checkpoint with a .meta file, that has its initializer",
            )
        return found

    def _same(self, op: Any) -> list[Any]:
        """Return the ops of the same table."""
        key = identity(op)
        if key == (op.name,):
            return [op]
        ops = self._graph.get_operations()
        return [one for one in ops if one.type == op.type and identity(one) == key]

    def of_file(
        self, op: Any, filler: Any, key_dtype: Any, value_dtype: Any
    ) -> tuple[str, Callable[[], Any]]:
        """Return the path of the file that fills a table, and what makes its initializer."""
        name = filler.inputs[1]
        while name.op.type == "Identity":
            name = name.op.inputs[0]
        if name.name in self._source.assets:
            path = self._source.assets[name.name]
        else:
            path = tf.compat.as_str(self.constant(op, name))
        path = _present(path, filler.name, filler.type)
        size = filler.get_attr("vocab_size")
        return path, lambda: tf.lookup.TextFileInitializer(
            path,
            key_dtype,
            filler.get_attr("key_index"),
            value_dtype,
            filler.get_attr("value_index"),
            vocab_size=None if size == -1 else size,
            delimiter=tf.compat.as_str(filler.get_attr("delimiter")),
            value_index_offset=filler.get_attr("offset"),
        )

    def computed(self, op: Any, fillers: Sequence[Any]) -> tuple[Any, Any]:
        """Return the keys and values that a table holds once ``fillers`` have run."""
        handle = op.outputs[0]
        with self._graph.as_default(), tf.control_dependencies(None):
            export = tf.raw_ops.LookupTableExportV2
            if handle.dtype.base_dtype == tf.string:
                export = tf.raw_ops.LookupTableExport
            read = export(
                table_handle=handle,
                Tkeys=op.get_attr("key_dtype"),
                Tvalues=op.get_attr("value_dtype"),
                name="tf_migrator/export",
            )
        needed = upstream(fillers)
        self._refuse(op, needed)
        feeds = self._feeds(needed)
        try:
            with tf.compat.v1.Session(graph=self._graph) as session:
                if fillers:
                    session.run(list(fillers), feeds)
                keys, values = session.run(list(read))
        except tf.errors.OpError as error:
            raise CannotCarry(
                f"node {op.name!r} ({op.type}) is a table that cannot be filled: {error.message}",
                op.name,
            ) from error
        return keys, values

    def stored(self, op: Any) -> tuple[Any, Any] | None:
        """Return the keys and values that the checkpoint holds of a mutable table."""
        for same in self._same(op):
            entries = self._source.values.entries.get(same.name, ())
            if len(entries) == 2:
                keys, values = (self._source.values.read(one) for one in entries)
                return keys, values
        return None

    def constant(self, op: Any, tensor: Any) -> Any:
        """Return the value of a tensor that is not computed from what is fed or trained."""
        needed = upstream([tensor.op])
        self._refuse(op, needed)
        feeds = self._feeds(needed)
        with tf.compat.v1.Session(graph=self._graph) as session:
            return session.run(tensor, feeds)

    def _feeds(self, ops: Iterable[Any]) -> dict[Any, Any]:
        """Return the values of the variables and assets among some ops."""
        found = {}
        for op in ops:
            for name in (one.name for one in op.outputs if one.name in self._source.assets):
                found[name] = _present(self._source.assets[name], op.name, op.type)
            if op.type in ("VariableV2", "Variable"):
                found[op.outputs[0].name] = self._source.values(op).numpy()
            elif op.type == "ReadVariableOp" and op.inputs[0].op.type == "VarHandleOp":
                found[op.outputs[0].name] = self._source.values(op.inputs[0].op).numpy()
        return found

    def _refuse(self, table: Any, ops: Iterable[Any]) -> None:
        for op in ops:
            why = ""
            if op.type in ("Placeholder", "PlaceholderV2"):
                why = "is fed"
            elif op.type in ("PyFunc", "PyFuncStateless", "EagerPyFunc"):
                why = "calls Python code, which is not saved"
            elif op.type.startswith(("RandomUniform", "RandomStandardNormal", "RandomShuffle")):
                why = "is drawn anew whenever the model is loaded"
            if why:
                raise CannotCarry(
                    f"node {table.name!r} ({table.type}) is a table whose contents are computed "
                    f"from node {op.name!r} ({op.type}), which {why}",
                    op.name,
                    "Fill the table from constants, a file or the checkpoint",
                )


def _present(path: str, node: str, kind: str) -> str:
    """Return the path of a file that is there."""
    if os.path.isfile(path):
        return path
    raise CannotCarry(
        f"node {node!r} ({kind}) reads the file {path}, which is not there",
        node,
        "Put the file there",
    )


def _users(op: Any) -> list[Any]:
    """Return the ops that take a table, through those that pass its handle on."""
    found = []
    stack = list(op.outputs)
    seen: set[str] = set()
    while stack:
        tensor = stack.pop()
        for user in tensor.consumers():
            if user.name in seen:
                continue
            seen.add(user.name)
            if user.type in _PASSES:
                stack.extend(user.outputs)
            else:
                found.append(user)
    return sorted(found, key=lambda one: one.name)
