"""TF1's Saver for the variables of a GraphModule.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import (
    _OBJECT_GRAPH,
    _check_folder,
    _check_parent,
    _object_key,
    _or_by_full_name,
    _prefix,
    _state_file,
    _Written,
)

__all__ = ["GraphSaver"]


class GraphSaver:
    """Save and restore variables as ``tf.compat.v1.train.Saver`` did, without a session.

    The names of the files, the state file, what is deleted and the errors are TF1's. The files are
    object-based checkpoints, as ``tf.train.Checkpoint(variables={name: variable}).write(prefix)``
    makes them; name-based ones, such as TensorFlow 1 wrote, are restored too.

    Args:
        variables: what is saved, by the name in the checkpoint.
        max_to_keep: as of TF1's Saver; so are the others.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        *,
        reshape: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
    ) -> None:
        self._variables = dict(variables)
        self._reshape = reshape
        self._pads = pad_step_number
        self._limits = tf.compat.v1.train.SaverDef(
            max_to_keep=max_to_keep or 0,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=tf.compat.v1.train.SaverDef.V2,
        )
        self._written = _Written(save_relative_paths)
        self._written.start(keep_checkpoint_every_n_hours)
        self._writer = tf.train.Checkpoint(variables=self._variables)

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints not yet deleted, oldest first."""
        return [prefix for prefix, _ in self._written.kept]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Set the prefixes that this Saver has written, oldest first."""
        self.set_last_checkpoints_with_time([(path, float("inf")) for path in last_checkpoints])

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Any) -> None:
        """Set the prefixes that this Saver has written, and when, oldest first."""
        self._written.kept = list(last_checkpoints_with_time)

    def save(
        self,
        save_path: Any,
        global_step: Any = None,
        latest_filename: str | None = None,
        *,
        write_state: bool = True,
    ) -> str:
        """Write a checkpoint, and return its prefix.

        Args:
            save_path: the prefix, to which ``-`` and the step are appended.
            global_step: an integer or an integer variable.
            latest_filename: of the state file, by default ``checkpoint``.
            write_state: whether to write the state file and delete old checkpoints.

        Raises:
            ValueError: the folder above the one of the checkpoint does not exist, or the names of
                the state file and the checkpoint collide.
        """
        save_path = tf.compat.as_str(tf.compat.path_to_str(save_path))
        latest = _state_file(latest_filename)
        if isinstance(global_step, tf.Variable):
            global_step = global_step.numpy()
        step = None if global_step is None else operator.index(global_step)
        prefix = _prefix(save_path, step, self._pads, latest, sharded=False)
        _check_parent(save_path)
        self._writer.write(prefix)
        if write_state:
            self._written.add(prefix, self._limits, os.path.dirname(save_path), latest, "meta")
        return prefix

    def restore(self, save_path: Any) -> None:
        """Restore a checkpoint of either kind; raise as ``tf.compat.v1.train.Saver`` does.

        Raises:
            ValueError: ``save_path`` is None or there is no checkpoint of that prefix.
            tf.errors.NotFoundError: the checkpoint lacks a variable; the message names it. Or
                the folder of ``save_path`` does not exist, as TensorFlow 1.15 raises.
            tf.errors.InvalidArgumentError: a variable has another shape or type there.
        """
        save_path = _restorable(save_path)
        reader = tf.compat.v1.train.NewCheckpointReader(save_path)
        shapes = reader.get_variable_to_shape_map()
        dtypes = reader.get_variable_to_dtype_map()
        keys = {name: _object_key(name) for name in self._variables}
        if not any(key in shapes for key in keys.values()):
            keys = {name: name for name in self._variables}  # a name-based file
        elif not all(key in shapes for key in keys.values()) and _OBJECT_GRAPH in shapes:
            keys = _or_by_full_name(keys, shapes, reader.get_tensor(_OBJECT_GRAPH))
        missing = sorted(name for name, key in keys.items() if key not in shapes)
        if missing:
            raise tf.errors.NotFoundError(
                None, None, f"Variables not in the checkpoint {save_path}: {missing}"
            )
        for name, variable in self._variables.items():
            shape, dtype = shapes[keys[name]], dtypes[keys[name]]
            if not (self._reshape or variable.shape.is_compatible_with(shape)):
                raise tf.errors.InvalidArgumentError(
                    None, None, f"{name}: shape {variable.shape}, in {save_path} {shape}"
                )
            if dtype != variable.dtype:
                raise tf.errors.InvalidArgumentError(
                    None, None, f"{name}: {variable.dtype.name}, in {save_path} {dtype.name}"
                )
        for name, variable in self._variables.items():  # all can be read: nothing half restored
            value = reader.get_tensor(keys[name])
            if hasattr(variable, "_build_of_graph"):
                variable._build_of_graph.give(variable, now=True)
            with tf.init_scope():
                variable.assign(value.reshape(variable.shape) if self._reshape else value)


def _restorable(save_path: Any) -> str:
    """Return the prefix of a checkpoint; raise as TF1 does where there is none."""
    if save_path is None:
        raise ValueError("Can't load save_path when it is None.")
    save_path = tf.compat.as_str(tf.compat.path_to_str(save_path))
    _check_folder(save_path)
    if not _exists(save_path):
        raise ValueError(f"The passed save_path is not a valid checkpoint: {save_path}")
    return save_path  # type: ignore[no-any-return]


def _exists(prefix: str) -> bool:
    """Say whether there is a checkpoint, of the format V2 or V1."""
    if tf.io.gfile.exists(f"{prefix}.index"):
        return True
    files = tf.io.gfile.glob([prefix, f"{prefix}-?????-of-?????"])
    return any(not tf.io.gfile.isdir(path) for path in files)
