"""The export of an Estimator's session.

Part of ``tf2_bridge``, with the other ``estimator`` modules and those of the session's export.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_outputs import _signature_defs
from migrator.bridge.session_module import SessionModule

__all__: list[str] = []


def _export(
    session: Any,
    spec: Any,
    receiver: Any,
    export_dir_base: Any,
    assets_extra: Mapping[str, Any] | None,
    as_text: bool,
) -> bytes:
    """Export what a spec's outputs are of a receiver's tensors, and return the folder."""
    local_init_op = spec.scaffold.local_init_op
    if local_init_op is None:
        local_init_op = tf.compat.v1.train.Scaffold.default_local_init_op()
    session.run(local_init_op, spec.scaffold.init_feed_dict)
    with _in_new_folder(export_dir_base, assets_extra, as_text) as (made_in, folder):
        module = SessionModule(made_in)
        module.add_session(
            session,
            _signature_defs(receiver, spec.export_outputs),
            assets=session.graph.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS),
        )
        with module:
            tf.saved_model.save(module, made_in, signatures=module.signatures)
    return tf.compat.as_bytes(folder)  # type: ignore[no-any-return]


@contextlib.contextmanager
def _in_new_folder(
    base: Any, assets_extra: Mapping[str, Any] | None, as_text: bool
) -> Iterator[tuple[str, str]]:
    """Give the folder to save to, and the one, called like the time, that it becomes."""
    folder = _free_folder(tf.compat.as_str(tf.compat.path_to_str(base)))
    above, name = os.path.split(folder)
    made_in = os.path.join(above, f"temp-{name}")
    yield made_in, folder
    if as_text:
        _as_text(os.path.join(made_in, "saved_model.pb"))
    for relative, source in (assets_extra or {}).items():
        copied = os.path.join(made_in, "assets.extra", tf.compat.as_str(relative))
        tf.io.gfile.makedirs(os.path.dirname(copied))
        tf.io.gfile.copy(source, copied)
    tf.io.gfile.rename(made_in, folder)


def _free_folder(base: str) -> str:
    """Return the path of a folder that is called like the time and does not exist yet."""
    for _ in range(10):
        folder = os.path.join(base, str(int(time.time())))
        if not tf.io.gfile.exists(folder):
            return folder
        time.sleep(1)
    raise RuntimeError("Failed to obtain a unique export directory name after 10 attempts.")


def _as_text(path: str) -> None:
    """Put ``saved_model.pbtxt`` in the place of ``saved_model.pb``."""
    # The message of the format has no name under ``tf``; few exports need it.
    from google.protobuf import text_format  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import saved_model_pb2

    with tf.io.gfile.GFile(path, "rb") as stream:
        proto = saved_model_pb2.SavedModel.FromString(stream.read())
    with tf.io.gfile.GFile(f"{path}txt", "w") as stream:
        stream.write(text_format.MessageToString(proto))
    tf.io.gfile.remove(path)
