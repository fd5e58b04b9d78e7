"""What an Estimator reads of checkpoints, and the metrics that it writes.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import collections
import os
from typing import Any

import numpy as np
import tensorflow as tf

from migrator.bridge.checkpoint_files import (
    _OBJECT_GRAPH,
    _object_key,
    _or_by_full_name,
    _slice_info,
)

__all__: list[str] = []


_WarmStart = collections.namedtuple(
    "_WarmStart",
    "ckpt_to_initialize_from vars_to_warm_start var_name_to_vocab_info var_name_to_prev_var_name",
)


class WarmStartSettings(_WarmStart):
    """Which variables take their first values from a name-based checkpoint."""

    def __new__(
        cls,
        ckpt_to_initialize_from: Any,
        vars_to_warm_start: Any = ".*",
        var_name_to_vocab_info: Any = None,
        var_name_to_prev_var_name: Any = None,
    ) -> Any:
        """Check that there is a checkpoint."""
        if not ckpt_to_initialize_from:
            raise ValueError("`ckpt_to_initialize_from` MUST be set in WarmStartSettings")
        return super().__new__(
            cls,
            ckpt_to_initialize_from,
            vars_to_warm_start,
            var_name_to_vocab_info or {},
            var_name_to_prev_var_name or {},
        )


def _warm_start_settings(given: Any) -> Any:
    if given is None or isinstance(given, WarmStartSettings):
        return given
    if not isinstance(given, (str, bytes)):
        raise ValueError(f"warm_start_from must be a string or a WarmStartSettings: {type(given)}")
    variables = os.path.join(tf.compat.as_str(given), "variables", "variables")
    exported = tf.io.gfile.exists(variables + ".index")
    return WarmStartSettings(variables if exported else given)


def _step_of(folder: Any) -> int:
    """Return the global step of the latest checkpoint, 0 without one."""
    latest = tf.train.latest_checkpoint(folder)
    if not latest:
        return 0
    reader = tf.train.load_checkpoint(latest)
    for key in ("global_step", _object_key("global_step")):
        if reader.has_tensor(key):
            return int(reader.get_tensor(key))
    return 0


def _reader(saver: Any, checkpoint_path: Any) -> Any:
    """Return ``saver``, or a Saver of the default graph that reads an object-based checkpoint.

    A migrated Saver writes such; TensorFlow 1's does not find the variables in it by their names.
    """
    if not checkpoint_path or not tf.io.gfile.exists(f"{checkpoint_path}.index"):
        return saver
    reader = tf.train.load_checkpoint(checkpoint_path)
    if not reader.has_tensor(_OBJECT_GRAPH):
        return saver
    wanted: dict[str, Any] = {}
    for one in tf.compat.v1.global_variables():
        info = _slice_info(one)
        if info is None:
            wanted[one.op.name] = one
        else:  # the parts of one variable are stored as the whole
            wanted.setdefault(info.full_name, []).append(one)
    keys = {name: _object_key(name) for name in wanted}
    held = reader.get_variable_to_shape_map()
    found = _or_by_full_name(keys, held, reader.get_tensor(_OBJECT_GRAPH))
    return tf.compat.v1.train.Saver({found[name]: value for name, value in wanted.items()})


class _TrainingSaver(tf.compat.v1.train.Saver):  # type: ignore[misc]
    """TensorFlow 1's Saver, where the latest checkpoint may be an object-based one."""

    def __init__(self, latest: Any, **options: Any) -> None:
        self._latest = latest
        self._latest_reader: Any = None
        super().__init__(**options)

    def build(self) -> None:
        super().build()
        # The graph is finalized when it is read.
        self._latest_reader = _reader(None, self._latest)

    def restore(self, sess: Any, save_path: Any) -> None:
        if self._latest_reader is not None and save_path == self._latest:
            self._latest_reader.restore(sess, save_path)
        else:
            super().restore(sess, save_path)


def _write_metrics(folder: str, metrics: dict[str, Any], checkpoint_path: Any) -> None:
    """Write metrics as summaries, for TensorBoard."""
    step = metrics["global_step"]
    summary = tf.compat.v1.Summary()
    for tag, value in metrics.items():
        if tag == "global_step" or value is None:
            continue
        if isinstance(value, bytes):
            try:
                parts = tf.compat.v1.Summary.FromString(value).value
            except Exception:  # what is no summary is not shown, as in TensorFlow 1
                tf.get_logger().warning("Skipping summary for %s, which is no Summary.", tag)
                continue
            for index, part in enumerate(parts):
                part.tag = f"{tag}/{index}"
            summary.value.extend(parts)
        elif np.ndim(value) == 0 and isinstance(value, (int, float, np.number)):
            summary.value.add(tag=tag, simple_value=float(value))
        else:
            summary.value.add(tag=tag, tensor=tf.make_tensor_proto(value))
    if checkpoint_path:
        path = tf.make_tensor_proto(checkpoint_path, dtype=tf.string)
        summary.value.add(tag="checkpoint_path", tensor=path)
    writer = tf.compat.v1.summary.FileWriterCache.get(folder)
    writer.add_summary(summary, step)
    writer.flush()
