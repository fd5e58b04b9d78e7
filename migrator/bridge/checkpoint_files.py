"""Which files a Saver writes, and which of its earlier ones it deletes.

Part of ``tf2_bridge``, with the Savers.
"""

from __future__ import annotations

import collections
import os
import re
import time
from collections.abc import Container, Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def _object_key(name: str) -> str:
    """Return the key under which ``tf.train.Checkpoint(variables={name: v})`` keeps ``v``.

    Checkpoint joins object paths with "/", so it escapes that (and its escape) inside a name.
    """
    escaped = name.replace(".", "..").replace("/", ".S")
    return f"variables/{escaped}/.ATTRIBUTES/VARIABLE_VALUE"


def _name_of_key(key: str) -> str | None:
    """Return the name whose :func:`_object_key` is ``key``, or None if it is no such key."""
    match = re.fullmatch(r"variables/([^/]+)/\.ATTRIBUTES/VARIABLE_VALUE", key)
    return match and re.sub(r"\.(.)", lambda pair: pair[1].replace("S", "/"), match[1])


def _slice_info(value: Any) -> Any:
    """Return the ``SaveSliceInfoDef`` of a part of a partitioned variable, or None."""
    if not isinstance(value, tf.Variable):
        return None
    proto = value.to_proto()
    return proto.save_slice_info_def if proto.HasField("save_slice_info_def") else None


def _keys_by_full_name(object_graph: bytes) -> dict[str, str]:
    """Return the keys of an object-based checkpoint by the op names of the variables.

    A name that several have is left out: ``tf.train.Checkpoint`` gives all parts of a partitioned
    variable the name of the whole.
    """
    # A message of the format that has no name under ``tf``; few restores need it.
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    proto = trackable_object_graph_pb2.TrackableObjectGraph.FromString(object_graph)
    attributes = [one for node in proto.nodes for one in node.attributes if one.full_name]
    names = collections.Counter(one.full_name for one in attributes)
    return {one.full_name: one.checkpoint_key for one in attributes if names[one.full_name] == 1}


def _or_by_full_name(
    keys: Mapping[str, str], held: Container[str], object_graph: bytes
) -> dict[str, str]:
    """Return ``keys``, and what has a name but stands elsewhere in an object-based checkpoint.

    ``tf.train.Checkpoint(variables=..., optimizer=...)`` keeps the slots with the optimizer.
    """
    named = _keys_by_full_name(object_graph)
    return {name: key if key in held else named.get(name, key) for name, key in keys.items()}


def _state_file(latest_filename: str | None) -> str:
    """Return the name of the checkpoint state file; raise as TF1 does."""
    latest_filename = "checkpoint" if latest_filename is None else latest_filename
    if os.path.split(latest_filename)[0]:
        raise ValueError("'latest_filename' must not contain path components")
    return latest_filename


def _prefix(save_path: str, step: int | None, pads: bool, latest: str, sharded: bool) -> str:
    """Return the prefix of the checkpoint of a step; raise as TF1 does."""
    if step is not None:
        return f"{save_path}-{step:{'08d' if pads else 'd'}}"
    if os.path.basename(save_path) == latest and not sharded:
        raise ValueError(
            f"'latest_filename' collides with 'save_path': '{latest}' and '{save_path}'"
        )
    return save_path


def _check_parent(save_path: str) -> None:
    """Raise ValueError where TF1's Saver does: it made the last folder of the path only."""
    folder = os.path.dirname(save_path)
    above = os.path.dirname(folder) or "."
    if "://" not in folder and (
        not tf.io.gfile.isdir(above)
        or (tf.io.gfile.exists(folder) and not tf.io.gfile.isdir(folder))
    ):
        raise ValueError(f"Parent directory of {save_path} doesn't exist, can't save.")


def _check_folder(prefix: str) -> None:
    """Raise what TensorFlow 1.15 raised for a prefix in a folder that is none.

    It listed the folder before the first character with a meaning in patterns.
    """
    folder = os.path.dirname(re.split(r"[*?\[\\]", prefix)[0])
    if not folder or "://" in folder:
        return
    if not tf.io.gfile.exists(folder):
        raise tf.errors.NotFoundError(None, None, f"{folder}; No such file or directory")
    if not tf.io.gfile.isdir(folder):
        raise tf.errors.FailedPreconditionError(None, None, f"{folder}; Not a directory")


class _Written:
    """The checkpoints that one Saver wrote, and the deleting of the oldest ones, as in TF1."""

    def __init__(self, relative: bool) -> None:
        self._relative = relative
        self.kept: list[tuple[str, float]] = []  #: prefix and time, oldest first
        self._due: list[tuple[str, float]] = []  # to be deleted
        self._keep_next = 0.0

    def start(self, hours: float) -> None:
        """Count the hours of ``keep_checkpoint_every_n_hours`` from now."""
        self._keep_next = time.time() + hours * 3600

    def add(self, prefix: str, limits: Any, folder: str, latest: str, suffix: str) -> None:
        """Write the checkpoint state file, and delete what TF1 would delete now.

        Args:
            prefix: of the new checkpoint.
            limits: the Saver's ``SaverDef``.
            folder: where the state file is.
            latest: the name of the state file.
            suffix: of the files with the graph.
        """
        if limits.max_to_keep:
            self.kept = [entry for entry in self.kept if entry[0] != prefix]
            self.kept.append((prefix, time.time()))
            if len(self.kept) > limits.max_to_keep:
                self._due.append(self.kept.pop(0))

        def spelled(path: str) -> str:
            shorten = self._relative and os.path.isabs(path)
            return os.path.relpath(path, folder) if shorten else path

        tf.compat.v1.train.update_checkpoint_state(
            folder, spelled(prefix), [spelled(path) for path, _ in self.kept], latest
        )
        if self._due:  # one at a time, as TF1 does
            path, written = self._due.pop(0)
            if written > self._keep_next:
                self._keep_next += limits.keep_checkpoint_every_n_hours * 3600
                return
            try:
                tf.compat.v1.train.remove_checkpoint(path, limits.version, suffix)
            except tf.errors.OpError as error:  # TF1 goes on: the new checkpoint is written
                tf.get_logger().warning("Ignoring: %s", error)
