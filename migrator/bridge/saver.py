"""TF1's Saver, writing object-based checkpoints.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.checkpoint_files`: stands alone and uses
TensorFlow's public API only.
"""

from __future__ import annotations

import contextlib
import numbers
import os
import warnings
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import (
    _OBJECT_GRAPH,
    _check_folder,
    _check_parent,
    _keys_by_full_name,
    _object_key,
    _or_by_full_name,
    _prefix,
    _slice_info,
    _state_file,
    _Written,
)
from migrator.bridge.older_readers import _for_older_readers

__all__ = ["Saver"]


class Saver(tf.compat.v1.train.Saver):  # type: ignore[misc]
    """Save and restore a session's variables as ``tf.compat.v1.train.Saver`` does.

    The constructor, the methods, their return values and errors, and the names of the files
    are TF1's; the files are object-based checkpoints, which ``tf.train.Checkpoint(variables=
    {name: variable}).read(prefix)`` restores in TensorFlow 2. Name-based checkpoints, such
    as TensorFlow 1 wrote, are restored too.

    What cannot be written object-based is written as TF1 writes it, with one warning that
    says why: partitioned variables, saveables that are not variables (mutable hash tables),
    ``builder``, ``saver_def``, ``write_version`` V1, a graph finalized before the first save,
    and eager execution.

    The nodes that TF1's Saver adds to the graph are still added, under TF1's names: they read
    name-based files, they are what a ``.meta`` file refers to, and they write in those cases.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = 2,  # SaverDef.V2
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        self._given = var_list
        self._foreign = (
            "saver_def names nodes that exist already"
            if saver_def is not None
            else "builder makes its own nodes"
            if builder is not None
            else "write_version asks for the V1 format"
            if write_version != 2
            else None
        )
        self._pads = pad_step_number
        self._sharded_files = sharded
        self._by_name: dict[str, Any] | None = None  # set by build()
        self._places: dict[str, Any] = {}  # the same, parts of one variable in one list
        self._rebuilt = saver_def is not None
        self._reading = {"reshape": reshape, "restore_sequentially": restore_sequentially}
        self._writer: Any = None
        self._readers: dict[frozenset[str], Any] = {}
        self._written = _Written(save_relative_paths)
        self._warned = False
        self._eager = tf.executing_eagerly()
        super().__init__(
            var_list,
            reshape=reshape,
            sharded=sharded,
            max_to_keep=max_to_keep,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            name=name,
            restore_sequentially=restore_sequentially,
            saver_def=saver_def,
            builder=builder,
            defer_build=defer_build,
            allow_empty=allow_empty,
            write_version=write_version,
            pad_step_number=pad_step_number,
            save_relative_paths=save_relative_paths,
            filename=filename,
        )

    def build(self) -> None:
        """Add TF1's nodes, and note the variables that exist now: a Saver holds those."""
        if self._by_name is not None:
            return
        super().build()
        given = _everything() if self._given is None else self._given
        self._by_name = dict(given) if isinstance(given, dict) else _by_op_name(given)
        self._places = _by_stored_name(self._given, self._by_name)
        hours = self.saver_def.keep_checkpoint_every_n_hours if self.saver_def else 0
        self._written.start(hours)
        for name, value in self._by_name.items() if not self._foreign else ():
            if not isinstance(value, tf.Variable):
                self._foreign = f"{name!r} is a {type(value).__name__}, not a variable"
            elif _slice_info(value) is not None:
                self._foreign = f"{name!r} is a part of a partitioned variable"

    def save(
        self,
        sess: Any,
        save_path: Any,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Write a checkpoint, and return its prefix as ``tf.compat.v1.train.Saver.save`` does."""
        save_path = tf.compat.as_str(tf.compat.path_to_str(save_path))
        if self._eager:
            self._warn("eager execution has no session")
            return super().save(  # type: ignore[no-any-return]
                sess, save_path, global_step, latest_filename, write_state=write_state
            )
        if self._by_name is None:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = _state_file(latest_filename)
        if global_step is not None and not isinstance(global_step, numbers.Integral):
            global_step = int(sess.run(global_step))
        prefix = _prefix(save_path, global_step, self._pads, latest_filename, self._sharded_files)
        if not hasattr(sess, "partial_run"):  # what TF1 calls a SessionInterface
            raise TypeError(f"'sess' must be a Session; {sess}")

        if self._by_name or self.saver_def:
            _check_parent(save_path)
            self._write(sess, prefix)
            if write_state:
                folder, limits = os.path.dirname(save_path), self.saver_def
                self._written.add(prefix, limits, folder, latest_filename, meta_graph_suffix)
        if write_meta_graph:
            with sess.graph.as_default():
                meta = self.export_meta_graph(
                    path := f"{prefix}.{meta_graph_suffix}",
                    strip_default_attrs=strip_default_attrs,
                    save_debug_info=save_debug_info,
                )
            if _for_older_readers(meta.graph_def):
                with tf.io.gfile.GFile(path, "wb") as stream:
                    stream.write(meta.SerializeToString(deterministic=True))
        return prefix if self._by_name or self.saver_def else None

    def export_meta_graph(self, *args: Any, **kwargs: Any) -> Any:
        """Write the default graph, and a Saver that restores what this one saves, as TF1 does."""
        # The Saver that import_meta_graph makes of this Saver's own nodes finds the variables of
        # an object-based checkpoint by op name, and wants all of the graph's: a Saver of some, or
        # under other names, hands on one that reads ours.
        graph = tf.compat.v1.get_default_graph()
        wanted = {_object_key(name): value for name, value in self._places.items()}
        closed = graph.finalized and frozenset(wanted) not in self._readers
        own_nodes = self._eager or not self._by_name or self._foreign or closed
        if own_nodes or self._is_whole() or not self._is_of(graph):
            return super().export_meta_graph(*args, **kwargs)
        return self._object_reader(wanted).export_meta_graph(*args, **kwargs)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Restore a checkpoint of either kind; raise as ``tf.compat.v1.train.Saver`` does.

        Raises:
            ValueError: ``save_path`` is None or there is no checkpoint of that prefix.
            tf.errors.NotFoundError: the checkpoint lacks a variable; the message names it. Or
                the folder of ``save_path`` does not exist, as TensorFlow 1.15 raises.
        """
        if save_path is not None:
            save_path = tf.compat.as_str(tf.compat.path_to_str(save_path))
            if self._by_name != {} or self.saver_def:
                _check_folder(save_path)
        wanted = None if self._eager else self._wanted(save_path)
        with sess.graph.as_default() if sess is not None else contextlib.nullcontext():
            if wanted is None:
                super().restore(sess, save_path)
            else:
                self._object_reader(wanted).restore(sess, save_path)

    def _wanted(self, prefix: str | None) -> dict[str, Any] | None:
        """Return what is read from an object-based checkpoint, by its keys there.

        None if TF1's own nodes are to read the checkpoint. They, too, find whole variables in an
        object-based one, but give each part of a partitioned variable the first rows.
        """
        parted = any(isinstance(value, list) for value in self._places.values())
        readable = all(_is_readable(value) for value in self._places.values())
        if not self._places or not (parted or (readable and not self._rebuilt)):
            return None
        if not tf.io.gfile.exists(f"{prefix}.index"):
            return None
        reader = tf.compat.v1.train.NewCheckpointReader(prefix)
        held = reader.get_variable_to_shape_map()
        keys = {name: _object_key(name) for name in self._places}
        # Only a file that holds none of our names under TF1's keys is asked for ours.
        if not any(key in held for key in keys.values()):
            if not parted or _OBJECT_GRAPH not in held:
                return None
            keys = _keys_by_full_name(reader.get_tensor(_OBJECT_GRAPH))
        elif not all(key in held for key in keys.values()) and _OBJECT_GRAPH in held:
            keys = _or_by_full_name(keys, held, reader.get_tensor(_OBJECT_GRAPH))
        wanted: dict[str, Any] = {}
        missing = []
        for name, value in self._places.items():
            if not _is_readable(value):
                missing.append(name)
            elif keys.get(name) in held:
                wanted[keys[name]] = value
            elif isinstance(value, list) and all(keys.get(v.op.name) in held for v in value):
                wanted.update((keys[part.op.name], part) for part in value)
            else:
                missing.append(name)
        if missing:
            raise tf.errors.NotFoundError(
                None, None, f"Variables not in the checkpoint {prefix}: {missing}"
            )
        for key, value in wanted.items():  # a resource variable takes any shape
            shape = _full_shape(value)
            if not (self._reading["reshape"] or shape.is_compatible_with(held[key])):
                raise tf.errors.InvalidArgumentError(
                    None, None, f"{key}: shape {shape}, in {prefix} {held[key]}"
                )
        return wanted

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints not yet deleted, oldest first."""
        return super().last_checkpoints if self._eager else [p for p, _ in self._written.kept]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Set the prefixes that this Saver has written, oldest first."""
        assert isinstance(last_checkpoints, list)  # TF1 raises AssertionError
        self.set_last_checkpoints_with_time([(path, float("inf")) for path in last_checkpoints])

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Any) -> None:
        """Set the prefixes that this Saver has written, and when, oldest first."""
        assert isinstance(last_checkpoints_with_time, list)
        self._written.kept = last_checkpoints_with_time
        super().set_last_checkpoints_with_time(last_checkpoints_with_time)

    def _warn(self, reason: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"Saver writes a name-based (TF1) checkpoint: {reason}", UserWarning, stacklevel=4
            )

    def _write(self, sess: Any, prefix: str) -> None:
        """Write the variables' values as the checkpoint ``prefix``."""
        foreign = self._foreign
        if self._writer is None and sess.graph.finalized:
            foreign = foreign or "the graph was finalized before the first save"
        with sess.graph.as_default(), sess.as_default():
            if foreign:
                self._warn(foreign)
                nodes = self.saver_def
                sess.run(nodes.save_tensor_name, {nodes.filename_tensor_name: prefix})
                return
            if self._writer is None:  # one for all saves: it adds its nodes once
                self._writer = _Writer(self._by_name)
            self._writer.write(sess, prefix)

    def _is_whole(self) -> bool:
        """Say whether this Saver holds all of the default graph under the names in the graph."""
        mine, graphs = self._by_name or {}, _by_op_name(_everything())
        return mine.keys() == graphs.keys() and all(mine[name] is graphs[name] for name in mine)

    def _is_of(self, graph: Any) -> bool:
        return all(getattr(value, "graph", graph) is graph for value in self._places.values())

    def _object_reader(self, wanted: dict[str, Any]) -> Any:
        """Return TF1's Saver of variables under an object-based checkpoint's keys.

        ``Checkpoint.read`` would do, were it not for ``reshape``, parts of partitioned variables
        and TF1's errors for shapes.
        """
        keys = frozenset(wanted)
        if keys not in self._readers:
            if tf.compat.v1.get_default_graph().finalized:
                raise RuntimeError(
                    "An object-based checkpoint is restored for the first time after the graph was "
                    "finalized: restore one before, which adds the nodes that it takes."
                )
            limits = self.saver_def
            self._readers[keys] = tf.compat.v1.train.Saver(
                wanted,
                name="tf2_bridge",
                max_to_keep=limits.max_to_keep,
                keep_checkpoint_every_n_hours=limits.keep_checkpoint_every_n_hours,
                **self._reading,
            )
        return self._readers[keys]


class _Writer(tf.compat.v1.Session):  # type: ignore[misc]
    """The nodes by which ``tf.train.Checkpoint`` writes variables, in the default graph.

    It stands in for the session of a first write, and notes what that would run. Later ones run
    nothing but that: a thread may write while another one works on the graph.
    """

    _PREFIX = "prefix"

    def __init__(self, variables: Any) -> None:  # not that of a session, which opens devices
        self._nodes: Any = None
        self._feeds: dict[Any, Any] = {}
        # A scope of its own, or the nodes would take names like "Const_1" from the user's.
        with (
            self.as_default(),
            tf.compat.v1.name_scope("tf2_bridge/"),
            tf.control_dependencies(None),
        ):
            tf.train.Checkpoint(variables=variables).write(self._PREFIX)

    def __del__(self) -> None:
        pass  # there is nothing to close

    def run(self, fetches: Any, feed_dict: Any = None, *_: Any, **__: Any) -> bytes:
        """Note what is to be run."""
        self._nodes, self._feeds = fetches, feed_dict or {}
        return b""

    def write(self, sess: Any, prefix: str) -> None:
        """Write the values of ``sess`` as the checkpoint ``prefix``."""
        if folder := os.path.dirname(prefix):
            tf.io.gfile.makedirs(folder)
        sess.run(
            self._nodes,
            {
                node: prefix if value == self._PREFIX else value
                for node, value in self._feeds.items()
            },
        )


def _everything() -> list[Any]:
    """Return what a Saver without ``var_list`` holds in the default graph."""
    keys = tf.compat.v1.GraphKeys
    return [
        *tf.compat.v1.get_collection(keys.GLOBAL_VARIABLES),
        *tf.compat.v1.get_collection(keys.SAVEABLE_OBJECTS),
    ]


def _op_name(value: Any) -> str:
    op = getattr(value, "op", value)
    if isinstance(value, tf.Tensor) and op.type == "ReadVariableOp":
        op = op.inputs[0].op
    return op.name  # type: ignore[no-any-return]


def _by_op_name(values: Any) -> dict[str, Any]:
    return {_op_name(value): value for value in tf.nest.flatten(list(values))}


def _by_stored_name(given: Any, by_name: dict[str, Any]) -> dict[str, Any]:
    """Return what a Saver holds, the parts of one variable in one list under its name.

    As TF1 does, a part that is a value of a dict ``given`` is taken for a variable of its own.
    """
    places: dict[str, Any] = {}
    for name, value in by_name.items():
        info = None if isinstance(given, dict) else _slice_info(value)
        if info is not None:
            places.setdefault(info.full_name, []).append(value)
        elif isinstance(value, (list, tuple)) or hasattr(value, "as_tensor"):
            places[name] = list(value)  # parts, or a PartitionedVariable
        else:
            places[name] = value
    return places


def _is_readable(value: Any) -> bool:
    """Say whether a key of an object-based checkpoint can be read into ``value``."""
    return all(
        isinstance(one, (tf.Variable, tf.Tensor))
        for one in (value if isinstance(value, list) else [value])
    )


def _full_shape(value: Any) -> Any:
    if not isinstance(value, list):
        return value.shape
    info = _slice_info(value[0]) if value else None
    return tf.TensorShape(info and list(info.full_shape))
