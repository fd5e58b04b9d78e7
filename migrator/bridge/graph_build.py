"""A graph that is built once, in the way of TensorFlow 1, and its variables.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from migrator.bridge.graph_function import _part

__all__: list[str] = []


class _Running(threading.local):
    build: _Build | None = None  #: the one that runs now in this thread


_running = _Running()
_one_at_a_time = threading.RLock()  # builds change how all tensors behave


class _Build:
    """One graph and its variables."""

    def __init__(self) -> None:
        self.graph: Any = None
        self.variables: list[Any] = []
        self.used = False  #: whether something was run, which may have changed variables
        self.lock = threading.Lock()
        self._initial: dict[int, Any] = {}  # by id of the variable
        self._given: set[int] = set()  # ids of variables that were initialized or assigned
        self._imported: set[int] = set()  # ids of those that need no value until they are used
        self._names: set[str] = set()  # of variables
        self._handles: dict[int, Any] = {}  # variables by id of the handle
        self.tables: dict[int, Any] = {}  #: types of an imported table, by id of the handle
        self._pending: list[Any] = []  # variables whose initial values are tensors not yet computed
        # Tensors that are initial values, and what computes them: random ones go on where it is
        # called again.
        self._computed: list[tuple[list[Any], Callable[[], list[Any]]]] = []
        self._wrapped: Any = None
        self._seed: Any = None
        self._functions: Any = None  # once the graph is built

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
                imported = [one for one in self._pending if id(one) in self._imported]
                self._pending = [one for one in self._pending if id(one) not in self._imported]
                self._settle()
                self._pending = imported  # they may be restored before anything uses them
        finally:
            _running.build = None
        tables = self.graph.get_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS)
        if tables:
            self.cut([], tables)()
        return result

    def _create(self, next_creator: Callable[..., Any], **options: Any) -> Any:
        """Make a variable outside of the graph, as all are made that a function uses."""
        options["caching_device"] = None  # dynamic_rnn wants one, which is for graphs only
        if options.get("trainable") is not None:
            options["trainable"] = bool(options["trainable"])  # TF1 took any object
        if options.get("validate_shape") is False and options.get("shape") is None:
            options["shape"] = tf.TensorShape(None)  # as in TF1, it takes values of any shape
        if self.graph.seed is not self._seed:  # set_random_seed was called by the graph code
            self._note_seed()
            with tf.init_scope():
                tf.random.set_seed(self._seed)
        given = self._in_graph(options["initial_value"], options.get("name"))
        late = False
        if tf.is_symbolic_tensor(given):
            late = given.graph is self.graph and given.shape.is_fully_defined()
            make = functools.partial(tf.zeros, given.shape.as_list(), given.dtype) if late else None
            options["initial_value"] = make or (lambda: self._value(given))
        if tf.executing_eagerly() and options.get("name"):
            options["name"] = self._unique(options["name"])
        variable = next_creator(**options)
        variable.__class__ = _in_graph(type(variable))
        variable._build_of_graph = self
        self._initial[id(variable)] = given
        self._handles[id(variable.handle)] = variable
        self._names.add(variable.name.partition(":")[0])
        self.variables.append(variable)
        if late:
            if self._waits(given):
                self._settle()
            self._pending.append(variable)
        return variable

    def import_variable(self, name: str, shape: Any, dtype: Any, trainable: bool) -> Any:
        """Make the variable of an imported graph; it is eager code that calls."""
        if name in self._names:
            raise ValueError(f"the graph has a variable {name} already: give an import_scope")
        sizes = [] if shape.rank is None else [size or 0 for size in shape.as_list()]
        make = functools.partial(tf.zeros, sizes, dtype)
        return tf.Variable(make, trainable=trainable, name=name, shape=shape)

    def import_initial_value(self, variable: Any, tensor: Any) -> None:
        """Let an imported variable have the value of ``tensor`` when it is first used."""
        self._initial[id(variable)] = tensor
        self._pending.append(variable)
        self._imported.add(id(variable))

    def _in_graph(self, initial: Any, name: str | None) -> Any:
        """Return an initial value as a tensor of the graph, if calling it made one in TF1.

        Not so where a constant may be large, or where Keras gives the same numbers at each run.
        """
        made = getattr(initial, "func", initial)
        if (
            not callable(initial)
            or (hasattr(made, "from_config") and not isinstance(made, _RANDOM))
            or tf.executing_eagerly()
            or tf.compat.v1.get_default_graph() is not self.graph
        ):
            return initial
        scope = "/".join([*filter(None, [tf.get_current_name_scope(), name]), "Initializer/"])
        with tf.control_dependencies(None), tf.name_scope(scope):
            return initial()

    def _unique(self, name: str) -> str:
        """Return ``name``, numbered as TF1 did where an optimizer has a variable so called."""
        with tf.name_scope(name) as scope:
            prefix = scope[: -len(name) - 1]
        found, number = name, 1
        while prefix + found in self._names:
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
        if id(fetch.handle) not in self._handles:
            raise ValueError(f"{fetch.name} is not a variable of this graph")
        return self._handles[id(fetch.handle)]

    def part(self, feeds: list[Any], fetches: list[Any]) -> Callable[..., list[Any]]:
        """Return the part of the graph between them as a function."""
        if self is _running.build:
            raise RuntimeError("the graph is not built yet")
        self._settle()
        return self.cut(feeds, fetches)

    def cut(self, feeds: list[Any], fetches: list[Any]) -> Callable[..., list[Any]]:
        """Do what :meth:`part` does, of a graph that may be half built."""
        captured = self.captured
        variables = {name for name, outer in captured.items() if id(outer) in self._handles}
        return _part(self.graph, self._library, captured, variables, feeds, fetches)

    def _library(self) -> Any:
        """Return the functions that operations of the graph call."""
        if self is _running.build:
            return self.graph.as_graph_def().library
        if self._functions is None:
            self._functions = self.graph.as_graph_def().library
        return self._functions

    @property
    def captured(self) -> dict[str, Any]:
        """What of outside of the graph is used in it, by the names of its placeholders."""
        return {inner.op.name: outer for outer, inner in self.graph.captures}

    def _value(self, tensor: Any) -> Any:
        self._settle()
        return self._values([tensor])[0]

    def _values(self, tensors: list[Any]) -> list[Any]:
        """Return initial values that are tensors of the graph, which may be half built."""
        with tf.init_scope():
            call = _part(self.graph, self._library, self.captured, (), [], tensors)
            self._computed.append((tensors, call))
            return [tf.constant(v, t.dtype) for v, t in zip(call(), tensors, strict=True)]

    def _settle(self) -> None:
        """Give the variables that wait for one their initial values, in as few runs as can be."""
        while self._pending:
            ready = [one for one in self._pending if not self._waits(self._initial[id(one)])]
            ready = ready or self._pending
            self._pending = [one for one in self._pending if all(one is not r for r in ready)]
            values = self._values([self._initial[id(one)] for one in ready])
            with tf.init_scope():
                for variable, value in zip(ready, values, strict=True):
                    variable.assign(value)
            self._given.difference_update(map(id, ready))

    def _waits(self, tensor: Any) -> bool:
        """Say whether computing ``tensor`` reads a variable that waits for its initial value."""
        stack, seen = [tensor.op], set()
        captured, pending = self.captured, set(map(id, self._pending))
        while stack and pending:
            op = stack.pop()
            if op.name in seen:
                continue
            seen.add(op.name)
            if id(self._handles.get(id(captured.get(op.name)))) in pending:
                return True
            stack.extend([*op.control_inputs, *(one.op for one in op.inputs)])
        return False

    def initialize(self, variables: list[Any]) -> None:
        """Give variables initial values anew; those that were never given any keep the first."""
        from_tensors: dict[int, list[Any]] = {}  # by id of the tensor
        for one in variables:
            if self.used or id(one) in self._given:
                initial = self._initial[id(one)]
                if tf.is_symbolic_tensor(initial):
                    from_tensors.setdefault(id(initial), []).append(one)
                else:
                    one.assign(self.initial_value(one))
        known = {id(tensor) for tensors, _ in self._computed for tensor in tensors}
        self._pending.extend(v for key in from_tensors.keys() - known for v in from_tensors[key])
        self._settle()
        for tensors, call in self._computed:  # later ones may read variables of earlier ones
            if not from_tensors.keys().isdisjoint(map(id, tensors)):
                for tensor, value in zip(tensors, call(), strict=True):
                    for one in from_tensors.get(id(tensor), ()):
                        one.assign(value)
        self._given.update(map(id, variables))

    def give(self, variable: Any, now: bool = False) -> None:
        """Note that ``variable`` is given another value: now, or by code that builds no graph."""
        if now or _running.build is None:
            self._given.add(id(variable))
            self._pending = [one for one in self._pending if one is not variable]


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


_RANDOM = (
    tf.compat.v1.orthogonal_initializer,
    tf.compat.v1.random_normal_initializer,
    tf.compat.v1.random_uniform_initializer,
    tf.compat.v1.truncated_normal_initializer,
    tf.compat.v1.uniform_unit_scaling_initializer,
    tf.compat.v1.variance_scaling_initializer,
)


class _Seed(int):
    """A random seed that is told from an equal one by its identity."""


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

    def handle(self: Any) -> Any:
        build = self._build_of_graph
        if build._pending and tf.executing_eagerly() and any(o is self for o in build._pending):
            build._settle()  # it is read, as the averages' initial values are
        return kind.handle.fget(self)

    def giving(name: str) -> Any:
        def give(self: Any, *args: Any, **options: Any) -> Any:
            self._build_of_graph.give(self)
            return getattr(kind, name)(self, *args, **options)

        return give

    members = {
        **{name: giving(name) for name in ("assign", "assign_add", "assign_sub")},
        "handle": property(handle),
        "op": property(op),
        "initializer": property(initializer),
        "initialized_value": initialized_value,
    }
    return _CLASSES.setdefault(kind, type(kind.__name__, (kind,), members))
