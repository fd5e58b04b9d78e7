"""Export a live session as a TensorFlow 2 SavedModel.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.signature_defs`: stands alone and uses
TensorFlow's public API only.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

# The one message of the format that has no name under ``tf``.
from tensorflow.core.protobuf import saved_model_pb2

from migrator.bridge.signature_defs import _flat, _restore_signatures, _signature_def

__all__ = ["SessionModule", "session_module"]

_VARIABLES = ("VariableV2", "Variable", "VarHandleOp")
_TABLES = ("HashTableV2", "MutableHashTableV2")
_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
# Resources that a function makes for itself while it runs.
_OWN_RESOURCES = ("TensorArrayV3", "TensorArrayGradV3", "StackV2")
# A variable becomes a value, so what passed its reference on passes the value on.
_REFERENCE_PASSING = {
    "RefEnter": "Enter",
    "RefExit": "Exit",
    "RefIdentity": "Identity",
    "RefMerge": "Merge",
    "RefNextIteration": "NextIteration",
    "RefSelect": "Select",
    "RefSwitch": "Switch",
}
# Colocation names nodes that are not copied; recorded shapes can contradict newer shape
# functions, and gradients registered by name do not exist where the model is served.
_DROPPED_ATTRS = ("_class", "_output_shapes", "_gradient_op_type")


class SessionModule(tf.Module):  # type: ignore[misc]
    """A ``tf.Module`` of what a session computes, in the place of TF1's ``SavedModelBuilder``.

    ::

        module = SessionModule(export_dir)
        module.add_session(sess, {"serving_default": ({"x": x}, {"y": y})})
        with module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    The variables are real ``tf.Variable``s under their TF1 names, in ``graph_variables``.
    Leaving the ``with`` block gives the saved signatures the keys, method names, tags and
    tensor names that TF1 wrote, so that ``tf.compat.v1.saved_model.loader.load`` and TensorFlow
    Serving see the model that they saw before.

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

    def add_session(
        self,
        session: Any,
        signatures: Mapping[str, Any],
        *,
        tags: Iterable[str] = ("serve",),
        assets: Iterable[Any] | None = None,
        init_op: Any = None,
    ) -> SessionModule:
        """Take the signatures' part of the session's graph, and its variables' values of now.

        Takes the place of ``SavedModelBuilder.add_meta_graph_and_variables``.

        Args:
            session: a ``tf.compat.v1.Session`` whose variables are initialized.
            signatures: maps a key to ``(inputs, outputs)`` or ``(inputs, outputs, method_name)``,
                where inputs and outputs map names to tensors, sparse tensors, variables or
                ``TensorInfo`` protos, or to a ``SignatureDef`` proto.
            tags: the tag set of the meta graph.
            assets: the ``ASSET_FILEPATHS`` collection: scalar string constants.
            init_op: ``main_op`` or ``legacy_init_op``. Tables need none here, they are rebuilt.

        Raises:
            AssertionError: a session was added already.
            TypeError: a signature is not one, or an asset is not a constant.
            ValueError: a signature needs something that cannot be exported; names the node.
        """
        if self._export is not None:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. "
                "TensorFlow 2 writes one meta graph per directory: use one SessionModule each."
            )
        graph = session.graph
        signature_defs = {
            key: _signature_def(graph, key, value) for key, value in dict(signatures).items()
        }
        slices = {key: _Slice(graph, key, one) for key, one in signature_defs.items()}
        asset_paths = [_asset_path(tensor) for tensor in assets or ()]
        needed = {op.name: op for one in slices.values() for op in one.state}
        _check_init_op(init_op, needed)

        # The first to return a tensor keeps its name: the ones fed by placeholders before others,
        # and those of few inputs, as their outputs serve the signatures that feed more, too.
        signature_defs = {
            key: signature_defs[key]
            for key in sorted(slices, key=lambda key: (*slices[key].cost, key))
        }
        defaults = {name: op for one in slices.values() for name, op in one.defaults.items()}
        computed_from = {key: one.computed_from() for key, one in slices.items()}
        export = _Export(signature_defs, list(tags), defaults, computed_from)
        with graph.as_default():
            trainable = {v.op.name for v in tf.compat.v1.trainable_variables()}
        state: dict[str, Any] = {}
        for name, op in needed.items():
            # One at a time: a large model is held twice at most, never three times.
            if op.type in _TABLES:
                keys, values = _table_contents(session, op)
                with export.scope():
                    state[name] = _table(export.session, op, keys, values)
            else:
                value = session.run(_variable_reader(graph, op))
                with export.scope():
                    state[name] = _variable(export.session, op, value, name in trainable)
        with export.scope():
            export.functions = {key: one.function(state) for key, one in slices.items()}
            self.assets = [tf.saved_model.Asset(path) for path in asset_paths]
        self.graph_variables = [state[n] for n, op in needed.items() if op.type in _VARIABLES]
        self.tables = [state[n] for n, op in needed.items() if op.type in _TABLES]
        self._export = export
        return self

    def __enter__(self) -> SessionModule:
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


def session_module(
    session: Any,
    export_dir: Any,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Any = None,
) -> SessionModule:
    """Return a SessionModule of one signature; takes what ``tf.saved_model.simple_save`` took."""
    module = SessionModule(export_dir)
    graph = session.graph
    assets = graph.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
    signatures = {"serving_default": (inputs, outputs)}
    return module.add_session(session, signatures, assets=assets, init_op=legacy_init_op)


class _Export:
    """What a SessionModule holds besides what is saved: a plain object, so it is not tracked."""

    def __init__(
        self,
        signature_defs: dict[str, Any],
        tags: list[str],
        defaults: dict[str, Any],
        computed_from: dict[str, dict[str, frozenset[str]]],
    ) -> None:
        self.signature_defs = signature_defs
        self.tags = tags
        self.defaults = defaults
        self.computed_from = computed_from
        self.functions: dict[str, Any] = {}
        # A graph of its own: its variables can then be called what TF1 called them.
        self.graph = tf.Graph()
        self.session = tf.compat.v1.Session(graph=self.graph)

    @contextlib.contextmanager
    def scope(self) -> Any:
        """Make the module's own graph and session the default ones."""
        with self.graph.as_default(), self.session.as_default():
            yield

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


def _takes_references(op: Any) -> bool:
    return any(bool(argument.is_ref) for argument in op.op_def.input_arg)


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


class _Slice:
    """The nodes between a signature's inputs and outputs."""

    def __init__(self, graph: Any, key: str, signature_def: Any) -> None:
        self.key = key
        self.graph = graph
        self.inputs = _flat(signature_def.inputs, parameters=True)
        self.outputs = _flat(signature_def.outputs)
        self.fed = {name for _, name in self.inputs}
        self.ops: dict[str, Any] = {}
        self.library: Any = None
        #: the constants behind inputs that need not be fed
        self.defaults: dict[str, Any] = {}
        for name in self.fed:
            op = graph.get_tensor_by_name(name).op
            if op.type == "PlaceholderWithDefault" and op.inputs[0].op.type == "Const":
                self.defaults[name] = op.inputs[0].op.node_def
        stack = [graph.get_tensor_by_name(n).op for _, n in self.outputs if n not in self.fed]
        while stack:
            op = stack.pop()
            if op.name in self.ops:
                continue
            self.ops[op.name] = op
            self._check(op)
            if op.type not in _VARIABLES and op.type not in _TABLES:
                stack.extend(tensor.op for tensor in op.inputs if tensor.name not in self.fed)
                stack.extend(other for other in op.control_inputs if not self._is_idle(other))
        self._check_functions()

    @property
    def state(self) -> list[Any]:
        """The operations that hold variables and tables."""
        return [
            self.ops[name]
            for name in sorted(self.ops)
            if self.ops[name].type in _VARIABLES or self.ops[name].type in _TABLES
        ]

    @property
    def cost(self) -> tuple[int, int]:
        """The number of inputs that are not placeholders, and the number of inputs."""
        ops = [self.graph.get_tensor_by_name(name).op for name in self.fed]
        return sum(not self._is_fed(op) for op in ops), len(ops)

    def computed_from(self) -> dict[str, frozenset[str]]:
        """Return the inputs that each output is computed from, by the names of the tensors.

        Signatures that agree in it compute the tensor with the same nodes.
        """
        result: dict[str, frozenset[str]] = {}
        for _, output in self.outputs:
            found, seen = set(), set()
            stack = [self.graph.get_tensor_by_name(output)]
            while stack:
                tensor = stack.pop()
                if tensor.name in self.fed:
                    found.add(tensor.name)
                elif tensor.op.name not in seen:
                    seen.add(tensor.op.name)
                    stack.extend(tensor.op.inputs)
            result[output] = frozenset(found)
        return result

    def _is_fed(self, op: Any) -> bool:
        return op.type.startswith("Placeholder") and f"{op.name}:0" in self.fed

    def _is_idle(self, op: Any) -> bool:
        """Say whether waiting for ``op`` is waiting for nothing."""
        return self._is_fed(op) or op.type in _VARIABLES or op.type in _TABLES

    def _refuse(self, name: str, kind: str, why: str) -> None:
        raise ValueError(f"signature {self.key!r} cannot be exported: node {name!r} ({kind}) {why}")

    def _check(self, op: Any) -> None:
        if op.type in ("Placeholder", "PlaceholderV2") and not op.control_inputs:
            self._refuse(
                op.name,
                op.type,
                "is needed by the outputs and is not among the inputs. Add it to the inputs, or "
                "make it a tf.compat.v1.placeholder_with_default",
            )
        if op.type in _PYTHON:
            self._refuse(op.name, op.type, "calls Python code, which is not saved")
        if _takes_references(op) and op.type not in _REFERENCE_PASSING:
            self._refuse(op.name, op.type, "changes a reference variable when the outputs are run")
        if re.match("LookupTable(Insert|Import|Remove)", op.type):
            self._refuse(op.name, op.type, "changes a table when the outputs are run")
        known = (*_VARIABLES, *_TABLES, *_OWN_RESOURCES)
        makes = any(self._is_handle(tensor) for tensor in op.outputs) and op.type not in known
        if makes and not any(self._is_handle(tensor) for tensor in op.inputs):
            self._refuse(
                op.name,
                op.type,
                "holds state that a SavedModel does not keep (a queue, an iterator, a reader). "
                "Give the tensor that it feeds as an input",
            )

    @staticmethod
    def _is_handle(tensor: Any) -> bool:
        if tensor.dtype.base_dtype == tf.string:  # as TF1's oldest queues and tables are held
            return bool(tensor.dtype != tf.string)
        return bool(tensor.dtype == tf.resource)

    def _check_functions(self) -> None:
        """Find the functions that the nodes call, and what cannot be exported in them."""
        called = [name for op in self.ops.values() for name in _functions(op.node_def)]
        if not called:
            return
        every = {f.signature.name: f for f in self.graph.as_graph_def().library.function}
        found: dict[str, Any] = {}
        while called:
            name = called.pop()
            if name in found or name not in every:
                continue
            found[name] = every[name]
            for node in every[name].node_def:
                called.extend(_functions(node))
                if node.op in _PYTHON:
                    self._refuse(f"{name}/{node.name}", node.op, "calls Python code")
                if re.search("Iterator|Queue|Reader|VarHandle|HashTable", node.op):
                    self._refuse(f"{name}/{node.name}", node.op, "holds state in a function")
        self.library = found

    def _graph_def(self) -> tuple[Any, dict[str, str]]:
        """Return the nodes, rewritten, and the placeholders in it that stand for the inputs."""
        result = tf.compat.v1.GraphDef()
        result.versions.CopyFrom(self.graph.graph_def_versions)
        feeds: dict[str, str] = {}
        state = {op.name for op in self.state}
        for op in self.ops.values():
            node = result.node.add()
            if op.type in _VARIABLES or op.type in _TABLES:
                by_value = op.type in ("VariableV2", "Variable")
                dtype = tf.as_dtype(op.get_attr("dtype")) if by_value else tf.resource
                node.name, node.op = op.name, "Placeholder"
                node.attr["dtype"].type = dtype.as_datatype_enum
                if by_value:
                    node.attr["shape"].shape.CopyFrom(op.get_attr("shape"))
                continue
            node.CopyFrom(op.node_def)
            node.op = _REFERENCE_PASSING.get(node.op, node.op)
            inputs = []
            for reference in node.input:
                tensor = reference if ":" in reference else f"{reference}:0"
                if tensor in self.fed:
                    reference = feeds.setdefault(tensor, f"tf2_bridge_feed_{len(feeds)}")
                elif reference.startswith("^") and (
                    reference[1:] not in self.ops or reference[1:] in state
                ):
                    continue  # a placeholder that is fed, or stands for a variable or a table
                inputs.append(reference)
            del node.input[:]
            node.input.extend(inputs)
        for tensor, name in feeds.items():
            node = result.node.add(name=name, op="Placeholder")
            dtype = self.graph.get_tensor_by_name(tensor).dtype.base_dtype  # of no reference
            node.attr["dtype"].type = dtype.as_datatype_enum
        for function in (self.library or {}).values():
            result.library.function.add().CopyFrom(function)
        for node in [*result.node, *(n for f in result.library.function for n in f.node_def)]:
            node.device = ""  # the machine that serves has devices of its own
            for name in _DROPPED_ATTRS:
                node.attr.pop(name, None)
        return result, feeds

    def function(self, state: Mapping[str, Any]) -> Any:
        """Return a ``tf.function`` of the signature over the variables and tables in ``state``."""
        graph_def, feeds = self._graph_def()
        specs = [
            tf.TensorSpec(tensor.shape, tensor.dtype.base_dtype, name=name)
            for name, tensor in ((n, self.graph.get_tensor_by_name(t)) for n, t in self.inputs)
        ]

        def run(*arguments: Any) -> list[Any]:
            known = {t: value for (_, t), value in zip(self.inputs, arguments, strict=True)}
            input_map = {f"{name}:0": known[tensor] for tensor, name in feeds.items()}
            for op in self.state:
                held = state[op.name]
                if op.type in _TABLES:
                    value = tf.raw_ops.Identity(input=held.resource_handle)
                elif op.type == "VarHandleOp":
                    value = tf.raw_ops.Identity(input=held.handle)
                else:
                    value = held.read_value()
                input_map[f"{op.name}:0"] = value
                known.setdefault(f"{op.name}:0", value)  # unless it is fed
            wanted = sorted({tensor for _, tensor in self.outputs if tensor not in known})
            found = tf.import_graph_def(graph_def, input_map, wanted, name="session")
            known.update(zip(wanted, found or (), strict=True))
            return [tf.identity(known[tensor]) for _, tensor in self.outputs]

        # Imported straight into a tf.function, a v1 loop saves and then fails when it is run.
        wrapped = tf.compat.v1.wrap_function(run, specs)

        def signature(*arguments: Any) -> dict[str, Any]:
            keys = [key for key, _ in self.outputs]
            return dict(zip(keys, wrapped(*arguments), strict=True))

        return tf.function(signature, input_signature=specs, autograph=False)


def _functions(node: Any) -> list[str]:
    """Return the names of the functions that a node refers to."""
    names = [node.op]
    for value in node.attr.values():
        names.extend(f.name for f in [value.func, *value.list.func] if f.name)
    return names


def _variable_reader(graph: Any, op: Any) -> Any:
    """Return a tensor of the variable's value, if possible without adding to the graph."""
    if op.type != "VarHandleOp":
        return op.outputs[0]
    for reader in op.outputs[0].consumers():
        if reader.type == "ReadVariableOp" and not reader.control_inputs:
            return reader.outputs[0]
    with graph.as_default(), tf.control_dependencies(None):
        return tf.raw_ops.ReadVariableOp(resource=op.outputs[0], dtype=op.get_attr("dtype"))


def _variable(session: Any, op: Any, value: Any, trainable: bool) -> Any:
    """Return a ``tf.Variable`` of the same name, shape and dtype that holds ``value``."""
    dtype = tf.as_dtype(op.get_attr("dtype"))
    shape = tf.TensorShape(op.get_attr("shape"))
    if shape.rank == 0 and value.ndim:  # how TF1 spells an unknown shape
        shape = tf.TensorShape(None)
    # A constant would put the value into the graph, whose size is limited to 2 GB.
    initial = tf.compat.v1.placeholder(dtype, value.shape)
    variable = tf.Variable(initial, trainable=trainable, name=op.name, dtype=dtype, shape=shape)
    session.run(variable.initializer, {initial: value})
    return variable


def _table_contents(session: Any, op: Any) -> Any:
    """Return the arrays of a table's keys and values."""
    handle = op.outputs[0]
    readers = [one for one in handle.consumers() if one.type == "LookupTableExportV2"]
    if readers:  # of an earlier export
        tensors = list(readers[0].outputs)
    else:
        with op.graph.as_default(), tf.control_dependencies(None):
            tensors = tf.raw_ops.LookupTableExportV2(
                table_handle=handle,
                Tkeys=op.get_attr("key_dtype"),
                Tvalues=op.get_attr("value_dtype"),
                name="tf2_bridge/export",
            )
    try:
        return session.run(list(tensors))
    except (tf.errors.AbortedError, tf.errors.FailedPreconditionError):
        # This session has not initialized it; TF1 left that to the loader's init_op.
        session.run([one for one in handle.consumers() if _initializes_table(one)])
        return session.run(list(tensors))


def _table(session: Any, op: Any, keys: Any, values: Any) -> Any:
    """Return a ``StaticHashTable`` of these contents."""
    key_dtype, value_dtype = (tf.as_dtype(op.get_attr(f"{k}_dtype")) for k in ("key", "value"))
    contents = tf.lookup.KeyValueTensorInitializer(keys, values, key_dtype, value_dtype)
    # The default of a lookup is an input of the node that looks up, not the table's.
    default = "" if value_dtype == tf.string else 0
    table = tf.lookup.StaticHashTable(contents, tf.constant(default, value_dtype))
    session.run(tf.compat.v1.tables_initializer())
    return table
