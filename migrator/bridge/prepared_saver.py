"""Savers of graphs that are finalized, and what managed sessions make one with.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.saver`: stands alone and uses TensorFlow's
public API only.
"""

from __future__ import annotations

import inspect
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import _object_key
from migrator.bridge.saver import Saver, _Writer

__all__ = ["PreparedSaver", "Scaffold", "Supervisor"]


class PreparedSaver(Saver):
    """A Saver that adds all of its nodes when it is built, as TF1's does.

    So it writes and restores object-based checkpoints in a graph that was finalized since, as
    those of managed sessions are. In all else it is :class:`Saver`.
    """

    def build(self) -> None:
        """Add TF1's nodes, and those that write and read object-based checkpoints."""
        if self._by_name is not None:
            return
        super().build()
        if self._eager or self._foreign or not self._by_name:
            return
        self._writer = _Writer(self._by_name)
        self._object_reader({_object_key(name): value for name, value in self._places.items()})


def _leave_saver(**options: Any) -> None:
    """Leave a Saver of the default graph where managed sessions look for theirs."""
    savers = tf.compat.v1.GraphKeys.SAVERS
    if not tf.compat.v1.get_collection(savers):
        tf.compat.v1.add_to_collection(savers, PreparedSaver(**options))


class Scaffold(tf.compat.v1.train.Scaffold):  # type: ignore[misc]
    """TF1's Scaffold; the Saver that it makes if it is given none is a :class:`PreparedSaver`."""

    def finalize(self) -> Any:
        """Make what is missing, and finalize the graph."""
        if self.saver is None:
            _leave_saver(sharded=True, allow_empty=True)
        return super().finalize()


class Supervisor(tf.compat.v1.train.Supervisor):  # type: ignore[misc]
    """TF1's Supervisor; the Saver that it makes if it is given none is a :class:`PreparedSaver`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(tf.compat.v1.train.Supervisor.__init__)
        arguments = given.bind(self, *args, **kwargs).arguments
        default = tf.compat.v1.train.Supervisor.USE_DEFAULT
        graph = arguments.get("graph") or tf.compat.v1.get_default_graph()
        with graph.as_default():
            if arguments.get("saver", default) is default and tf.compat.v1.global_variables():
                _leave_saver()
        super().__init__(*args, **kwargs)
