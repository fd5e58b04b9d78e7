"""A ``tf.Module`` of signatures that is saved as TF1's builder saved them.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.slices` and
:mod:`migrator.bridge.signature_defs`.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import tensorflow as tf

# The one message of the format that has no name under ``tf``.
from tensorflow.core.protobuf import saved_model_pb2

from migrator.bridge.older_readers import _for_older_readers
from migrator.bridge.signature_defs import _restore_signatures, _signature_def
from migrator.bridge.slices import _TABLES, _VARIABLES, _Slice, _takes_references

__all__: list[str] = []


class _ServingModule(tf.Module):  # type: ignore[misc]
    """What signatures need, and how it is saved.

    Raises:
        AssertionError: ``export_dir`` exists and is not empty, as TF1's builder does.
    """

    def __init__(self, export_dir: Any) -> None:
        super().__init__()
        self.export_dir = tf.compat.as_str(tf.compat.path_to_str(export_dir))
        if not tf.io.gfile.exists(self.export_dir):
            tf.io.gfile.makedirs(self.export_dir)
        elif tf.io.gfile.listdir(self.export_dir):
            raise AssertionError(
                "Export directory already exists, and isn't empty. Please choose "
                "a different export directory, or delete all the contents of the "
                f"specified directory: {self.export_dir}"
            )
        self.graph_variables: list[Any] = []
        self.tables: list[Any] = []
        self.assets: list[Any] = []
        self._export: _Export | None = None
        self._entered: Any = None

    @property
    def signatures(self) -> dict[str, Any]:
        """The functions to give to ``tf.saved_model.save``, by signature key."""
        return dict(self._added().functions)

    def __enter__(self) -> Any:
        self._entered = self._added().scope()
        self._entered.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._entered.__exit__(kind, error, trace)
        if kind is None:
            self._added().restore_names(self.export_dir)

    def _added(self) -> _Export:
        if self._export is None:
            raise ValueError("Nothing to save yet: call add_session() first")
        return self._export


class _Export:
    """What a SessionModule holds besides what is saved: a plain object, so it is not tracked."""

    def __init__(
        self,
        graph: Any,
        signatures: Mapping[str, Any],
        tags: Iterable[str],
        captured: Collection[str] = (),
    ) -> None:
        signature_defs = {
            key: _signature_def(graph, key, value) for key, value in dict(signatures).items()
        }
        self.slices = {
            key: _Slice(graph, key, one, captured) for key, one in signature_defs.items()
        }
        self.tags = list(tags)
        # The first to return a tensor keeps its name: the ones fed by placeholders before others,
        # and those of few inputs, as their outputs serve the signatures that feed more, too.
        self.signature_defs = {
            key: signature_defs[key]
            for key in sorted(self.slices, key=lambda key: (*self.slices[key].cost, key))
        }
        self.defaults = {n: op for one in self.slices.values() for n, op in one.defaults.items()}
        self.computed_from = {key: one.computed_from() for key, one in self.slices.items()}
        #: the operations that hold variables and tables, by name
        self.needed = {op.name: op for one in self.slices.values() for op in one.state}
        self.functions: dict[str, Any] = {}
        #: the graph and the session that the module is made and saved in
        self.scope: Callable[[], Any] = contextlib.nullcontext

    def make(self, state: Mapping[str, Any]) -> None:
        """Make the functions, over variables and tables by the names of their operations."""
        self.functions = {key: one.function(state) for key, one in self.slices.items()}

    def restore_names(self, export_dir: str) -> None:
        """Give ``saved_model.pb`` the keys, method names, tags and tensor names of TF1."""
        path = os.path.join(export_dir, "saved_model.pb")
        if not tf.io.gfile.exists(path):
            raise ValueError(f"Nothing was saved to {export_dir} inside the with block")
        with tf.io.gfile.GFile(path, "rb") as stream:
            proto = saved_model_pb2.SavedModel.FromString(stream.read())
        meta = proto.meta_graphs[0]
        meta.meta_info_def.ClearField("tags")
        meta.meta_info_def.tags.extend(self.tags)
        _restore_signatures(meta, self.signature_defs, self.defaults, self.computed_from)
        _for_older_readers(meta.graph_def)
        with tf.io.gfile.GFile(path + ".tmp", "wb") as stream:
            stream.write(proto.SerializeToString(deterministic=True))
        tf.io.gfile.rename(path + ".tmp", path, overwrite=True)
        # It is a fingerprint of the file that was just replaced.
        fingerprint = os.path.join(export_dir, "fingerprint.pb")
        if tf.io.gfile.exists(fingerprint):
            tf.io.gfile.remove(fingerprint)
        # TF1 made this folder only when it had something to put in.
        assets = os.path.join(export_dir, "assets")
        if tf.io.gfile.isdir(assets) and not tf.io.gfile.listdir(assets):
            tf.io.gfile.rmtree(assets)


def _asset_path(tensor: Any) -> str:
    """Return the path in an ``ASSET_FILEPATHS`` tensor; raise as TF1 does."""
    if not isinstance(tensor, tf.Tensor):
        raise TypeError("Asset path tensor must be a Tensor.")
    if tensor.op.type != "Const":
        raise TypeError("Asset path tensor must be of type constant.")
    if tensor.dtype != tf.string:
        raise TypeError("Asset path tensor must be of dtype string.")
    values = list(tensor.op.get_attr("value").string_val)
    if len(values) != 1:
        raise TypeError("Asset path tensor must be a scalar.")
    path = tf.compat.as_str(values[0])
    if not tf.io.gfile.exists(path):
        raise tf.errors.NotFoundError(None, None, f"{path}; No such file or directory")
    return path  # type: ignore[no-any-return]


def _initializes_table(op: Any) -> bool:
    return bool(re.match("InitializeTable|LookupTableImport", op.type))


def _check_init_op(init_op: Any, state: Mapping[str, Any]) -> None:
    """Raise ValueError unless ``init_op`` initializes tables and nothing else of ``state``."""
    stack, seen = ([] if init_op is None else [getattr(init_op, "op", init_op)]), set()
    while stack:
        op = stack.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        if op.type in _TABLES or op.type in _VARIABLES:
            continue
        if not _initializes_table(op) and (op.op_def.is_stateful or _takes_references(op)):
            if op.inputs and op.inputs[0].op.type in _VARIABLES:
                if op.inputs[0].op.name not in state:
                    continue  # of no signature
                raise ValueError(
                    f"init_op runs {op.name!r} ({op.type}) after the variables are restored: it "
                    f"would change {op.inputs[0].op.name!r}. Leave it out of the init_op."
                )
            raise ValueError(
                f"init_op runs {op.name!r} ({op.type}): a SavedModel of a tf.Module restores "
                "variables and tables when loaded, and runs nothing else. Leave it out."
            )
        stack.extend([*op.control_inputs, *(tensor.op for tensor in op.inputs)])
