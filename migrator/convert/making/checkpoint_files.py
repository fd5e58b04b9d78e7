"""Checkpoints as files: what one holds, and the writing of one, a few variables at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_readers import NewCheckpointReader
from migrator.worker.common import CannotOpen

__all__ = ["OBJECT_GRAPH", "Entry", "Source", "write_checkpoint"]

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"

#: Variables are read and written together up to so many bytes; a larger one goes alone.
_CHUNK = 64 << 20


class Source:
    """A checkpoint of either kind, by TensorFlow 1's names of its variables."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        try:
            self._raw = tf.train.load_checkpoint(prefix)
            self._reader = NewCheckpointReader(prefix)
        except (tf.errors.OpError, ValueError) as error:
            raise CannotOpen(f"{prefix} is no checkpoint that can be read: {error}") from None
        self.is_object_based: bool = self._raw.has_tensor(OBJECT_GRAPH)
        self.shapes: dict[str, list[int]] = self._reader.get_variable_to_shape_map()
        self.dtypes: dict[str, Any] = self._reader.get_variable_to_dtype_map()

    @property
    def graph(self) -> Any:
        """The ``TrackableObjectGraph`` of an object-based checkpoint."""
        from tensorflow.core.protobuf import trackable_object_graph_pb2

        graph = trackable_object_graph_pb2.TrackableObjectGraph
        return graph.FromString(self._raw.get_tensor(OBJECT_GRAPH))

    def key(self, name: str) -> str:
        """Return the key of the variable ``name`` in the file."""
        return self._reader.key(name) if self.is_object_based else name

    def names_by_key(self) -> dict[str, str]:
        """Return the names of the variables by their keys in the file."""
        return {self.key(name): name for name in self.shapes}

    def shape_of(self, key: str) -> list[int]:
        """Return the shape of what is under this very key."""
        return list(self._raw.get_variable_to_shape_map()[key])

    def dtype_of(self, key: str) -> Any:
        """Return the ``tf.DType`` of what is under this very key."""
        return self._raw.get_variable_to_dtype_map()[key]

    def stored(self, key: str) -> Any:
        """Return what is under this very key, an array."""
        return self._raw.get_tensor(key)

    def value(self, name: str) -> Any:
        """Return the value of a variable, a NumPy array."""
        return self._reader.get_tensor(name)

    def tensor(self, name: str) -> Any:
        """Return the value of a variable, a tensor; slices of a partitioned one are joined."""
        key = self.key(name)
        with tf.device("/cpu:0"):
            (tensor,) = tf.raw_ops.RestoreV2(
                prefix=self.prefix,
                tensor_names=[key],
                shape_and_slices=[""],
                dtypes=[self.dtypes[name]],
            )
        return tensor

    def size(self, name: str) -> int:
        """Return how many bytes the value of a variable takes."""
        elements = 1
        for extent in self.shapes[name]:
            elements *= extent
        return elements * max(int(self.dtypes[name].size), 1)


@dataclass
class Entry:
    """What a new checkpoint holds under one key."""

    key: str
    source: Source | None = None
    name: str = ""  #: of the variable in ``source``
    value: Any = None  #: an array, where it is from no file
    factor: float = 1.0  #: what a value from a file is multiplied by

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.source.size(self.name) if self.source is not None else 64

    def tensor(self) -> Any:
        """Return the value."""
        if self.source is None:
            return tf.constant(self.value)
        tensor = self.source.tensor(self.name)
        if self.factor == 1.0:
            return tensor
        with tf.device("/cpu:0"):
            return tensor * tf.constant(self.factor, tensor.dtype)


def write_checkpoint(prefix: str, entries: Sequence[Entry]) -> None:
    """Write a checkpoint of the format V2, holding no more than a few variables at a time.

    As many data files are made as there are portions of the variables.
    """
    parts: list[str] = []
    for number, chunk in enumerate(_chunks(sorted(entries, key=lambda entry: entry.key))):
        # the merge removes the folders of what it merges
        part = f"{prefix}.part{number}/part"
        os.makedirs(os.path.dirname(part))
        parts.append(part)
        with tf.device("/cpu:0"):
            tf.raw_ops.SaveV2(
                prefix=part,
                tensor_names=[entry.key for entry in chunk],
                shape_and_slices=[""] * len(chunk),
                tensors=[entry.tensor() for entry in chunk],
            )
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=prefix, delete_old_dirs=True
    )


def _chunks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        if chunk and size + entry.size > _CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk
