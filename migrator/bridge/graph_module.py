"""Graph code of TensorFlow 1 without a session.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_saver`: stands alone and uses TensorFlow's
public API only.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from migrator.bridge.graph_build import _Build, _running, _version_1
from migrator.bridge.graph_calls import _by_name, _Function
from migrator.bridge.graph_saver import GraphSaver

__all__ = ["GraphModule", "feed", "graph", "saver"]


class GraphModule(tf.Module):  # type: ignore[misc]
    """A ``tf.Module`` whose graph is built once, by code as TensorFlow 1 had it.

    ::

        class Model(GraphModule):
            @graph
            def build(self):
                x = feed(tf.TensorSpec([None, 4], tf.float32, name="x"))
                ...
                self.train_step = self.function([x], [train_op, loss])

        model = Model()
        model.build()
        _, loss = model.train_step(batch)  # was sess.run([train_op, loss], {x: batch})

    The variables are real ones under their TF1 names, and have their initial values when the build
    is over: no initializer has to be run.
    """

    def __init__(self) -> None:
        super().__init__()
        self._build_of_module: _Build | None = None
        #: all variables of the graph, in the order in which they were made
        self.graph_variables: list[Any] = []

    def __setattr__(self, name: str, value: Any) -> None:
        # tf.Module would wrap lists and dicts, which graph code hands to TensorFlow and others.
        if name == "graph_variables":  # what tf.train.Checkpoint finds
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    @property
    def name(self) -> Any:
        """The name, which graph code may set: of the class, by default."""
        return self._name

    @name.setter
    def name(self, value: Any) -> None:
        object.__setattr__(self, "_name", value)

    def function(
        self, feeds: Sequence[Any] | Mapping[str, Any], fetches: Any
    ) -> Callable[..., Any]:
        """Return what runs a part of the graph, as ``sess.run(fetches, dict(zip(feeds, ...)))``.

        Args:
            feeds: tensors or sparse tensors of the graph, in the order of the arguments. A dict of
                them makes a function of keyword arguments that may be left out where what is
                fetched does not need them.
            fetches: a tensor, sparse tensor, operation or variable, or its name, or lists, tuples
                and dicts of these.

        Returns:
            A function of arrays, or what NumPy makes arrays of: they are cast to the dtypes of the
            feeds. It returns NumPy values in the structure of ``fetches``: None for an operation,
            and for a variable its value after everything else was run.

        Raises:
            TypeError: something cannot be fed or fetched.
        """
        if isinstance(feeds, Mapping):
            return _by_name(self._graph_build(), dict(feeds), fetches)
        return _Function(self._graph_build(), feeds, fetches)

    def initialize(self, variables: Sequence[Any] | None = None) -> None:
        """Give all variables, or some, initial values anew, as running their initializers did."""
        build = self._graph_build()
        build.initialize(list(build.variables if variables is None else variables))

    @contextlib.contextmanager
    def as_default(self) -> Iterator[None]:
        """Let code find this graph's variables in their collections, as ``graph.as_default()``."""
        build = _running.build or self._build_of_module
        graph = build.graph if build is not None else tf.Graph()  # it has none before the build
        with graph.as_default(), _version_1():
            yield

    def make_saver(self, var_list: Any = None, **options: Any) -> GraphSaver:
        """Return what ``tf.train.Saver(var_list, **options)`` was.

        Args:
            var_list: variables, or a dict of them by their names in the checkpoint. By default all
                that exist now, but for local ones.
            options: of :class:`GraphSaver`.

        Raises:
            ValueError: there is nothing to save, two have one name, or one is a part of a
                partitioned variable, which TensorFlow 1 stored as a slice of the whole one.
        """
        return _make_saver(self._graph_build(), var_list, options)

    @property
    def graph_def(self) -> Any:
        """The graph as a ``GraphDef``, for ``tf.summary.graph``."""
        return self._graph_build().graph.as_graph_def(add_shapes=True)

    def _graph_build(self) -> _Build:
        """Return the build that this module's graph is part of."""
        build = _running.build or self._build_of_module
        if build is None:
            raise RuntimeError(f"{type(self).__name__} has no graph yet: call its @graph method")
        return build


def graph(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a :class:`GraphModule` build the module's graph when it is called.

    Called by code that builds a graph already, of this or of another module, it is a plain call.

    Raises:
        RuntimeError: the module has a graph already, or execution is not eager.
    """

    @functools.wraps(method)
    def build(self: GraphModule, *args: Any, **kwargs: Any) -> Any:
        if _running.build is not None:
            around = self._build_of_module = _running.build
            result = method(self, *args, **kwargs)
            self.graph_variables = list(around.variables)
            return result
        if self._build_of_module is not None:
            raise RuntimeError(f"{type(self).__name__} has a graph already")
        if not tf.executing_eagerly():
            raise RuntimeError("a GraphModule needs eager execution: it builds its own graph")
        new = self._build_of_module = _Build()
        try:
            result = new.run(functools.partial(method, self, *args, **kwargs))
        except BaseException:
            self._build_of_module = None
            raise
        self.graph_variables = list(new.variables)
        return result

    return build


def saver(var_list: Any = None, **options: Any) -> GraphSaver:
    """Return what ``tf.train.Saver(var_list, **options)`` was, in code that a build calls.

    Raises:
        RuntimeError: no graph is being built.
        ValueError: as of :meth:`GraphModule.make_saver`.
    """
    if _running.build is None:
        raise RuntimeError("saver() is called where no graph is built")
    return _make_saver(_running.build, var_list, options)


def _make_saver(build: _Build, var_list: Any, options: Mapping[str, Any]) -> GraphSaver:
    if var_list is None:
        with build.graph.as_default():
            var_list = tf.compat.v1.global_variables()
    if not isinstance(var_list, Mapping):
        given = tf.nest.flatten(list(var_list))
        var_list = {one.name.partition(":")[0]: one for one in given}
        if len({id(one) for one in given}) > len(var_list):
            raise ValueError("At least two variables have the same name")
    if not var_list:
        raise ValueError("No variables to save")
    parts = [one.name for one in var_list.values() if re.search(r"/part_\d+:0$", one.name)]
    if parts:
        raise ValueError(f"{parts[0]} is a part of a partitioned variable")
    return GraphSaver(var_list, **options)


def feed(spec: Any) -> Any:
    """Return a tensor that calls give a value: what ``tf.placeholder`` made.

    Args:
        spec: a ``tf.TensorSpec`` or ``tf.SparseTensorSpec``.
    """
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.compat.v1.sparse_placeholder(spec.dtype, spec.shape)
    return tf.compat.v1.placeholder(spec.dtype, spec.shape, spec.name)
