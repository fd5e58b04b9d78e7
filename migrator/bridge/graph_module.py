"""Graph code of TensorFlow 1 without a session.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_saver` and
:mod:`migrator.bridge.serving`: stands alone and uses TensorFlow's public API only.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from migrator.bridge.graph_function import _part
from migrator.bridge.graph_saver import GraphSaver
from migrator.bridge.serving import _asset_path, _check_init_op, _Export, _ServingModule

__all__ = ["GraphModule", "ServingModule", "feed", "graph"]


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
        chosen = build.variables if variables is None else variables
        for variable in chosen:
            variable.assign(build.initial_value(variable))

    def saver(self, var_list: Any = None, **options: Any) -> GraphSaver:
        """Return what ``tf.train.Saver(var_list, **options)`` was.

        Args:
            var_list: variables, or a dict of them by their names in the checkpoint. By default all
                that exist now, but for local ones.
            options: of :class:`GraphSaver`.

        Raises:
            ValueError: there is nothing to save, or a part of a partitioned variable, which
                TensorFlow 1 stored as a slice of the whole one.
        """
        if var_list is None:
            with self._graph_build().graph.as_default():
                var_list = tf.compat.v1.global_variables()
        if not isinstance(var_list, Mapping):
            var_list = {one.name.partition(":")[0]: one for one in tf.nest.flatten(list(var_list))}
        if not var_list:
            raise ValueError("No variables to save")
        parts = [one.name for one in var_list.values() if re.search(r"/part_\d+:0$", one.name)]
        if parts:
            raise ValueError(f"{parts[0]} is a part of a partitioned variable")
        return GraphSaver(var_list, **options)

    def serving(
        self,
        signatures: Mapping[str, Any],
        *,
        tags: Iterable[str] = ("serve",),
        assets: Iterable[Any] = (),
        init_op: Any = None,
    ) -> Callable[[Any], ServingModule]:
        """Return what makes a module of signatures, to be saved in a folder.

        ::

            self.export = self.serving({"serving_default": ({"x": x}, {"y": y})})
            ...
            with model.export(export_dir) as module:
                tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

        Args:
            signatures: maps a key to ``(inputs, outputs)`` or ``(inputs, outputs, method_name)``,
                where inputs and outputs map names to tensors, sparse tensors, variables or
                ``TensorInfo`` protos, or to a ``SignatureDef`` proto.
            tags: the tag set of the meta graph.
            assets: the ``ASSET_FILEPATHS`` collection: scalar string constants.
            init_op: ``main_op`` or ``legacy_init_op``, which must not change variables.
        """
        build = self._graph_build()

        def readable(one: Any) -> Any:
            return one.read_value() if isinstance(one, tf.Variable) else one

        given: dict[str, Any] = {}
        for key, value in signatures.items():
            given[key] = value
            if isinstance(value, (tuple, list)):
                sides = [{k: readable(v) for k, v in side.items()} for side in value[:2]]
                given[key] = (*sides, *value[2:])
        asset_paths = [_asset_path(tensor) for tensor in assets]

        def serve(export_dir: Any) -> ServingModule:
            with build.graph.as_default():
                export = _Export(build.graph, given, tags, build.captured)
            _check_init_op(init_op, export.needed)
            return ServingModule(export_dir, export, build, asset_paths)

        return serve

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


class ServingModule(_ServingModule):
    """The signatures of a :class:`GraphModule`, and the variables that they need.

    Leaving its ``with`` block gives the saved signatures the keys, method names, tags and tensor
    names that TF1 wrote, so that ``tf.compat.v1.saved_model.loader.load`` and TensorFlow Serving
    see the model that they saw before.

    Raises:
        AssertionError: ``export_dir`` exists and is not empty, as TF1's builder does.
        ValueError: a signature needs something that cannot be exported; names the node.
    """

    def __init__(
        self, export_dir: Any, export: _Export, build: _Build, asset_paths: list[str]
    ) -> None:
        super().__init__(export_dir)
        state = {name: build.state(name, export.needed[name]) for name in export.needed}
        export.make(state)
        self.graph_variables = [one for one in state.values() if isinstance(one, tf.Variable)]
        self.tables = [one for one in state.values() if not isinstance(one, tf.Variable)]
        self.assets = [tf.saved_model.Asset(path) for path in asset_paths]
        self._export = export


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


def feed(spec: Any) -> Any:
    """Return a tensor that calls give a value: what ``tf.placeholder`` made.

    Args:
        spec: a ``tf.TensorSpec`` or ``tf.SparseTensorSpec``.
    """
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.compat.v1.sparse_placeholder(spec.dtype, spec.shape)
    return tf.compat.v1.placeholder(spec.dtype, spec.shape, spec.name)


class _Running(threading.local):
    build: _Build | None = None  #: the one that runs now in this thread


_running = _Running()
_one_at_a_time = threading.RLock()  # builds change how all tensors behave


class _Build:
    """One graph and its variables."""

    def __init__(self) -> None:
        self.graph: Any = None
        self.variables: list[Any] = []
        self.lock = threading.Lock()
        self._initial: dict[int, Any] = {}  # by id of the variable
        self._wrapped: Any = None
        self._seed: Any = None

    def run(self, method: Callable[[], Any]) -> Any:
        """Call ``method`` where it builds this graph, and return what it returns."""
        result = None

        def body() -> None:
            nonlocal result
            self.graph = tf.compat.v1.get_default_graph()
            self._note_seed()
            with tf.variable_creator_scope(self._create):
                result = method()

        _running.build = self
        try:
            with _one_at_a_time, _version_1(), warnings.catch_warnings():
                # It is said of every summary: without a writer, it is TF1's op, as it should.
                warnings.filterwarnings("ignore", "Cannot activate TF2 compatibility support")
                self._wrapped = tf.compat.v1.wrap_function(body, [])  # keeps what the graph needs
        finally:
            _running.build = None
        tables = self.graph.get_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS)
        if tables:
            self.part([], tables)()
        return result

    def _create(self, next_creator: Callable[..., Any], **options: Any) -> Any:
        """Make a variable outside of the graph, as all are made that a function uses."""
        options["caching_device"] = None  # dynamic_rnn wants one, which is for graphs only
        if options.get("trainable") is not None:
            options["trainable"] = bool(options["trainable"])  # TF1 took any object
        if options.get("validate_shape") is False and options.get("shape") is None:
            options["shape"] = tf.TensorShape(None)  # as in TF1, it takes values of any shape
        given = options["initial_value"]
        if tf.is_symbolic_tensor(given):
            options["initial_value"] = functools.partial(self._value, given)
        if self.graph.seed is not self._seed:  # set_random_seed was called by the graph code
            self._note_seed()
            with tf.init_scope():
                tf.random.set_seed(self._seed)
        if tf.executing_eagerly() and options.get("name"):
            options["name"] = self._unique(options["name"])
        variable = next_creator(**options)
        variable.__class__ = _in_graph(type(variable))
        self._initial[id(variable)] = given
        self.variables.append(variable)
        return variable

    def _unique(self, name: str) -> str:
        """Return ``name``, numbered as TF1 did where an optimizer has a variable so called."""
        with tf.name_scope(name) as scope:
            prefix = scope[: -len(name) - 1]
        taken = {variable.name.partition(":")[0] for variable in self.variables}
        found, number = name, 1
        while prefix + found in taken:
            found, number = f"{name}_{number}", number + 1
        return found

    def _note_seed(self) -> None:
        """Keep the graph's seed as an object of its own, so that the next one is another."""
        if self.graph.seed is not None:
            self.graph.seed = _Seed(self.graph.seed)
        self._seed = self.graph.seed

    def initial_value(self, variable: Any) -> Any:
        """Return a value that ``variable`` may be initialized to, computed anew."""
        initial = self._initial[id(variable)]
        if tf.is_symbolic_tensor(initial):
            return initial if _running.build is self else self._value(initial)
        if not callable(initial):
            return initial
        made: Any = getattr(initial, "func", None)
        if isinstance(initial, functools.partial) and hasattr(made, "from_config"):
            # A Keras initializer gives the same numbers again; one that is like it, others.
            made = type(made).from_config(made.get_config())
            initial = functools.partial(made, *initial.args, **initial.keywords)
            if _running.build is self:  # at each run another one
                return tf.py_function(lambda: self.initial_value(variable), [], variable.dtype)
        return initial()

    def named(self, name: str) -> Any:
        """Return the variable, tensor or operation called ``name``."""
        found = [one for one in self.variables if name in (one.name, one.name.partition(":")[0])]
        return found[0] if found else self.element(name)

    def element(self, one: Any, allow_operation: bool = True) -> Any:
        """Return the tensor or operation of the graph that ``one`` means."""
        if isinstance(one, tf.Tensor) and not tf.is_symbolic_tensor(one):
            raise ValueError(f"{one} is not of the graph: it was made outside of the build")
        return self.graph.as_graph_element(one, allow_operation=allow_operation)

    def variable(self, fetch: Any) -> Any:
        """Return the variable that ``fetch`` is, or that assigning to gave it."""
        for one in self.variables:
            if one is fetch or one.handle is fetch.handle:
                return one
        raise ValueError(f"{fetch.name} is not a variable of this graph")

    def part(self, feeds: list[Any], fetches: list[Any]) -> Callable[..., list[Any]]:
        """Return the part of the graph between them as a function."""
        if self is _running.build:
            raise RuntimeError("the graph is not built yet")
        captured, handles = self.captured, {id(one.handle) for one in self.variables}
        variables = {name for name, outer in captured.items() if id(outer) in handles}
        return _part(self.graph, lambda: self.library, captured, variables, feeds, fetches)

    @functools.cached_property
    def library(self) -> Any:
        """The functions that operations of the graph call."""
        return self.graph.as_graph_def().library

    @property
    def captured(self) -> dict[str, Any]:
        """What of outside of the graph is used in it, by the names of its placeholders."""
        return {inner.op.name: outer for outer, inner in self.graph.captures}

    def state(self, name: str, op: Any) -> Any:
        """Return what the placeholder ``op`` stands for: a variable, or a table like it."""
        outer = self.captured.get(name)
        for one in self.variables:
            if one.handle is outer:
                return one
        for reader in op.outputs[0].consumers():
            if reader.type == "LookupTableFindV2":
                kinds = [tf.as_dtype(reader.get_attr(kind)) for kind in ("Tin", "Tout")]
                contents = tf.raw_ops.LookupTableExportV2(
                    table_handle=outer, Tkeys=kinds[0], Tvalues=kinds[1]
                )
                # The default of a lookup is an input of the node that looks up.
                default = tf.constant("" if kinds[1] == tf.string else 0, kinds[1])
                filled = tf.lookup.KeyValueTensorInitializer(*contents)
                return tf.lookup.StaticHashTable(filled, default)
        raise ValueError(f"node {name!r} cannot be exported: it holds state outside of the graph")

    def _value(self, tensor: Any) -> Any:
        """Return the value of a tensor of the graph, which may be half built."""
        captures = self.captured
        graph_def = tf.compat.v1.graph_util.extract_sub_graph(
            self.graph.as_graph_def(), [tensor.op.name]
        )
        needed = [node.name for node in graph_def.node if node.name in captures]

        def value() -> Any:
            inputs = {f"{n}:0": tf.raw_ops.Identity(input=captures[n]) for n in needed}
            return tf.graph_util.import_graph_def(graph_def, inputs, [tensor.name], name="")[0]

        with tf.init_scope():
            return tf.compat.v1.wrap_function(value, [])()


@contextlib.contextmanager
def _version_1() -> Iterator[None]:
    """Let tensors compare and hash as objects and shapes hold ``Dimension``s, as in TF1."""
    v1, compared, sizes = tf.compat.v1, tf.constant(0) == 0, tf.TensorShape([1])
    equality, shapes = not isinstance(compared, bool), isinstance(sizes[0], int)
    if equality:
        v1.disable_tensor_equality()
    if shapes:
        v1.disable_v2_tensorshape()
    try:
        yield
    finally:
        if equality:
            v1.enable_tensor_equality()
        if shapes:
            v1.enable_v2_tensorshape()


class _Seed(int):
    """A random seed that is told from an equal one by its identity."""


class IndexedSlicesValue(NamedTuple):
    """What fetching ``tf.IndexedSlices`` gives."""

    values: Any
    indices: Any
    dense_shape: Any


class _Op:
    """What graph code asks of ``variable.op``: a variable outside of the graph has no operation."""

    type = "VarHandleOp"
    graph = None

    def __init__(self, name: str) -> None:
        self.name = name


_CLASSES: dict[Any, Any] = {}  # of variables, and what they become


def _in_graph(kind: Any) -> Any:
    """Return the class of variables ``kind``, with what TF1's had in a graph."""

    if kind in _CLASSES:
        return _CLASSES[kind]

    def op(self: Any) -> _Op:
        return _Op(self.name.partition(":")[0])

    def initializer(self: Any) -> Any:
        build = _running.build
        if build is None:
            raise RuntimeError("initializers are operations of the graph: use it while it is built")
        with tf.control_dependencies(None), tf.name_scope(self.name.partition(":")[0] + "/"):
            return self.assign(build.initial_value(self), read_value=False)

    def initialized_value(self: Any) -> Any:
        return self.read_value()  # all variables are initialized when made

    members = {
        "op": property(op),
        "initializer": property(initializer),
        "initialized_value": initialized_value,
    }
    return _CLASSES.setdefault(kind, type(kind.__name__, (kind,), members))


class _Function:
    """What :meth:`GraphModule.function` returns: a part of the graph, cut out when called first."""

    def __init__(self, build: _Build, feeds: Sequence[Any], fetches: Any) -> None:
        self._build = build
        self._feeds = [_fed(build, one) for one in feeds]
        self._tensors: list[Any] = []  # and operations
        self._pack = self._packer(fetches)
        self._call: Any = None

    def __call__(self, *values: Any) -> Any:
        if len(values) != len(self._feeds):
            raise TypeError(f"{len(self._feeds)} values are fed, found {len(values)}")
        if self._call is None and self._tensors:
            with self._build.lock:
                if self._call is None:
                    self._call = self._build.part(self._flat(), self._tensors)
        arguments: list[Any] = []
        for tensor, value in zip(self._feeds, values, strict=True):
            if isinstance(tensor, tf.SparseTensor):
                parts = (tensor.indices, tensor.values, tensor.dense_shape)
                given = tuple(value) if isinstance(value, (tuple, list)) else _parts(value)
                arguments.extend(_value(t, v) for t, v in zip(parts, given, strict=True))
            else:
                arguments.append(_value(tensor, value))
        found = self._call(*arguments) if self._tensors else []
        return self._pack(found)

    def _flat(self) -> list[Any]:
        return [t for one in self._feeds for t in tf.nest.flatten(one, expand_composites=True)]

    def _packer(self, fetch: Any) -> Callable[[list[Any]], Any]:
        """Note what to run for ``fetch``, and return what finds its value in the results."""
        if fetch is None:
            raise TypeError("None cannot be fetched")
        if isinstance(fetch, (list, tuple)):
            items = [self._packer(one) for one in fetch]
            if hasattr(fetch, "_fields"):
                return lambda found: type(fetch)(*[item(found) for item in items])
            kind: type = list if isinstance(fetch, list) else tuple
            return lambda found: kind(item(found) for item in items)
        if isinstance(fetch, Mapping):
            pairs = [(key, self._packer(value)) for key, value in fetch.items()]
            return lambda found: type(fetch)((key, item(found)) for key, item in pairs)
        if isinstance(fetch, tf.SparseTensor):
            parts = self._packer([fetch.indices, fetch.values, fetch.dense_shape])
            return lambda found: tf.compat.v1.SparseTensorValue(*parts(found))
        if isinstance(fetch, tf.IndexedSlices):
            some = [fetch.values, fetch.indices, fetch.dense_shape]
            kept = [None if one is None else self._packer(one) for one in some]
            return lambda found: IndexedSlicesValue(
                *[None if one is None else one(found) for one in kept]
            )
        if isinstance(fetch, tf.RaggedTensor):
            inner, splits = self._packer(fetch.values), self._packer(fetch.row_splits)
            return lambda found: tf.compat.v1.ragged.RaggedTensorValue(inner(found), splits(found))
        if isinstance(fetch, str):
            fetch = self._build.named(fetch)
        if isinstance(fetch, tf.Variable):
            return self._variable(fetch)
        return self._place(self._build.element(fetch))

    def _place(self, element: Any) -> Callable[[list[Any]], Any]:
        index = len(self._tensors)
        self._tensors.append(element)
        return lambda found: found[index]

    def _variable(self, fetch: Any) -> Callable[[list[Any]], Any]:
        """Note a variable, or what assigning to one gave: it is read when all has run."""
        if isinstance(fetch.op, tf.Operation):
            self._place(fetch.op)
        variable = self._build.variable(fetch)
        return lambda found: variable.numpy()


def _fed(build: _Build, feed: Any) -> Any:
    """Return the tensor that a feed means."""
    if isinstance(feed, tf.SparseTensor):
        return feed
    if isinstance(feed, str):
        feed = build.named(feed)
    if isinstance(feed, tf.Variable):
        raise TypeError(f"{feed.name} is a variable, which cannot be fed: assign to it")
    return build.element(feed, allow_operation=False)


def _by_name(build: _Build, feeds: dict[str, Any], fetches: Any) -> Callable[..., Any]:
    """Return a function of keyword arguments; each set of them has a part of the graph."""
    parts: dict[tuple[str, ...], _Function] = {}
    everything = _Function(build, list(feeds.values()), fetches)

    def call(**values: Any) -> Any:
        unknown = sorted(set(values) - set(feeds))
        if unknown:
            raise TypeError(f"{', '.join(unknown)} cannot be fed, only {', '.join(feeds)}")
        names = tuple(name for name in feeds if name in values)
        if len(names) == len(feeds):
            return everything(*[values[name] for name in names])
        if names not in parts:
            parts[names] = _Function(build, [feeds[name] for name in names], fetches)
        return parts[names](*[values[name] for name in names])

    return call


def _value(tensor: Any, value: Any) -> Any:
    """Return ``value`` as what is fed for ``tensor``; raise as feeding a session did."""
    if not isinstance(value, tf.Tensor):
        kind = tensor.dtype.as_numpy_dtype
        try:
            array = np.asarray(value, dtype=kind)
            fits = not isinstance(value, int) or tensor.dtype == tf.string or array == value
        except OverflowError:
            fits = False
        if not fits:
            raise TypeError(
                f"Type of feed value {value} with type {type(value)} is not compatible with Tensor "
                f"type {np.dtype(kind)}. Try explicitly setting the type of the feed tensor to a "
                f"larger type (e.g. int64)."
            )
        value = tf.constant(array, tensor.dtype)
    if not tensor.shape.is_compatible_with(value.shape):
        raise ValueError(
            f"Cannot feed value of shape {value.shape} for Tensor {tensor.name}, which has shape "
            f"{tensor.shape}"
        )
    return value


def _parts(value: Any) -> tuple[Any, Any, Any]:
    return value.indices, value.values, value.dense_shape
