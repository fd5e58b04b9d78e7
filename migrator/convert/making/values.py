"""The values of a model's variables, read one at a time from where the model keeps them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from migrator.convert.making import CannotCarry
from migrator.worker.common import CannotOpen

__all__ = ["Entry", "Values", "identity", "upstream"]

_ASSIGNS = ("Assign", "AssignVariableOp")
_CHANGES = re.compile("Assign(Add|Sub)(VariableOp)?|(Resource)?Scatter.+")


@dataclass(frozen=True)
class Entry:
    """What a restore op reads: a checkpoint key, the slice of it, and a dtype."""

    key: str
    slice: str
    dtype: Any


class Values:
    """Where the values of variables are.

    It is what the loader's init op assigns, what the restore op reads (under whatever key, one
    slice of a partitioned variable each), or the checkpoint's entry of the op's name.

    Args:
        graph: what the variables are of.
        prefix: of the checkpoint; empty where there is none.
        constants: values that stand in the graph itself, by the name of the variable's op.
        restore_ops: of the Saver that belongs to the checkpoint.
        init_ops: what a loader runs.
        restored_last: whether it runs them before it restores, not after it.
        definitions: the ``VariableDef``s, which know of what a partition is a slice.
    """

    def __init__(
        self,
        graph: Any,
        prefix: str,
        constants: Mapping[str, Any],
        restore_ops: Sequence[Any],
        init_ops: Sequence[Any],
        restored_last: bool,
        definitions: Iterable[Any],
    ) -> None:
        self._graph = graph
        self._constants = dict(constants)
        self._prefix = prefix if prefix and _exists(prefix) else ""
        self._assigned = {
            op.inputs[0].op.name: op.inputs[1] for op in upstream(init_ops) if op.type in _ASSIGNS
        }
        #: and what changes a variable in another way, by the name of its op
        self._changes = {
            op.inputs[0].op.name: op for op in upstream(init_ops) if _CHANGES.fullmatch(op.type)
        }
        #: the name of a variable's or a table's op -> what the Saver restores it from
        self.entries: dict[str, list[Entry]] = {}
        # One op restores all variables: its keys are parsed once, not once for each of them.
        parsed: dict[str, list[str] | None] = {}
        for op in upstream(restore_ops):
            found = [one for tensor in op.inputs if (one := _entry(tensor, parsed)) is not None]
            if found and len(op.inputs) > len(found):
                name = op.inputs[0].op.name
                self.entries[name] = found
                if restored_last:
                    self._assigned.pop(name, None)
        for one in definitions:  # a module of TensorFlow 1 Hub is saved without a Saver
            if one.HasField("save_slice_info_def"):
                name = one.variable_name.partition(":")[0]
                self.entries.setdefault(name, [_slice_entry(graph, name, one.save_slice_info_def)])
        self._keys: set[str] = set()
        if self._prefix:
            self._keys = set(tf.train.load_checkpoint(self._prefix).get_variable_to_shape_map())

    def __call__(self, op: Any) -> Any:
        """Return the value of the variable that ``op`` holds, as an eager tensor.

        Raises:
            CannotCarry: the model holds none.
            CannotOpen: the checkpoint does not have what its graph restores.
        """
        if op.name in self._constants:
            return tf.constant(self._constants.pop(op.name)())
        dtype = tf.as_dtype(op.get_attr("dtype")).base_dtype
        if op.name in self._changes:
            change = self._changes[op.name]
            raise CannotCarry(
                f"node {change.name!r} ({change.type}) changes the variable {op.name!r} whenever "
                "the model is loaded",
                change.name,
            )
        if op.name in self._assigned:
            return self._run(op, dtype)
        entries = self.entries.get(op.name) or [Entry(_shared_name(op), "", dtype)]
        if entries[0].key in self._keys:
            return self.read(entries[0])
        if op.name in self.entries:
            raise CannotOpen(f"its checkpoint has no {entries[0].key!r}, which its graph restores")
        if not self._prefix:
            raise CannotOpen(f"its variables are missing: {op.name!r} has no value")
        raise CannotCarry(
            f"node {op.name!r} ({op.type}) is a variable that the checkpoint does not have",
            op.name,
        )

    def key(self, op: Any) -> str:
        """Return the checkpoint key of a variable that the checkpoint holds whole, or nothing."""
        entry = self.entries.get(op.name, [Entry(_shared_name(op), "", None)])[0]
        known = entry.key in self._keys and op.name not in self._assigned and not entry.slice
        return entry.key if known else ""

    def read(self, entry: Entry) -> Any:
        """Return what the checkpoint holds for ``entry``, as an eager tensor.

        Raises:
            CannotOpen: it cannot be read.
        """
        try:
            (found,) = tf.raw_ops.RestoreV2(
                prefix=tf.constant(self._prefix),
                tensor_names=tf.constant([entry.key]),
                shape_and_slices=tf.constant([entry.slice]),
                dtypes=[entry.dtype],
            )
        except tf.errors.OpError as error:
            raise CannotOpen(f"its variable {entry.key!r} cannot be read: {error}") from error
        return found

    def _run(self, op: Any, dtype: Any) -> Any:
        """Return what an init op assigns to the variable."""
        try:
            with tf.compat.v1.Session(graph=self._graph) as session:
                value = session.run(self._assigned[op.name])
        except tf.errors.OpError as error:
            raise CannotCarry(
                f"node {op.name!r} ({op.type}) is a variable that is initialized when the model "
                "is loaded, from other state",
                op.name,
            ) from error
        return tf.constant(value, dtype)


def identity(op: Any) -> tuple[str, ...]:
    """Return what the ops that hold one variable, or one table, have in common."""
    shared = tf.compat.as_str(op.get_attr("shared_name"))
    return (tf.compat.as_str(op.get_attr("container")), shared) if shared else (op.name,)


def _exists(prefix: str) -> bool:
    return os.path.exists(prefix + ".index") or os.path.isfile(prefix)


def _shared_name(op: Any) -> str:
    """Return the key that a Saver gives a variable where nothing else is said."""
    if op.type == "VarHandleOp":
        return tf.compat.as_str(op.get_attr("shared_name")) or str(op.name)
    return str(op.name)


def upstream(ops: Iterable[Any]) -> list[Any]:
    """Return the ops that some ops wait for or read, themselves included."""
    found: dict[str, Any] = {}
    stack = list(ops)
    while stack:
        op = stack.pop()
        if op.name not in found:
            found[op.name] = op
            stack.extend(op.control_inputs)
            stack.extend(tensor.op for tensor in op.inputs)
    return list(found.values())


def _entry(tensor: Any, parsed: dict[str, list[str] | None]) -> Entry | None:
    """Return what ``tensor`` is restored from, or None.

    Constants that were parsed are kept in ``parsed``, by the names of their tensors.
    """
    while tensor.op.type in ("Identity", "Reshape") and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
    if tensor.op.type == "RestoreV2":
        for one in tensor.op.inputs[1:3]:
            if one.name not in parsed:
                parsed[one.name] = _strings(one)
        keys, slices = (parsed[one.name] for one in tensor.op.inputs[1:3])
        index = tensor.value_index
        if keys is None or slices is None:
            return None
        return Entry(keys[index], slices[index], tensor.dtype)
    if tensor.op.type in ("RestoreSlice", "Restore"):
        names = [_strings(one) for one in tensor.op.inputs[1:]]
        if any(one is None for one in names):
            return None
        texts = [one[0] for one in names if one]
        return Entry(texts[0], texts[1] if len(texts) > 1 else "", tensor.dtype)
    return None


def _slice_entry(graph: Any, name: str, info: Any) -> Entry:
    """Return what a partition of a variable is restored from."""
    bounds = zip(info.var_offset, info.var_shape, strict=True)
    spec = [*map(str, info.full_shape), ":".join(f"{start},{size}" for start, size in bounds)]
    dtype = tf.as_dtype(graph.get_operation_by_name(name).get_attr("dtype"))
    return Entry(info.full_name, " ".join(spec), dtype.base_dtype)


def _strings(tensor: Any) -> list[str] | None:
    """Return the strings of a constant, or None where it is none."""
    if tensor.op.type != "Const":
        return None
    values = tf.make_ndarray(tensor.op.get_attr("value")).ravel()
    return [tf.compat.as_str(one) for one in values]
