"""The part of a TensorFlow 1 graph that a signature needs, as a function of TensorFlow 2."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import tensorflow as tf

from migrator.bridge.serving import _Export
from migrator.bridge.signature_defs import _signature_def
from migrator.bridge.slices import _VARIABLES, _Slice
from migrator.convert.making import CannotCarry

__all__ = ["TABLES", "Part", "Parts"]

#: The ops that hold lookup tables.
TABLES = (
    "HashTable",
    "HashTableV2",
    "MutableHashTable",
    "MutableHashTableV2",
    "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2",
    "MutableDenseHashTable",
    "MutableDenseHashTableV2",
)


class Part(_Slice):
    """The nodes between a signature's inputs and outputs.

    Args:
        graph: what they are nodes of.
        key: of the signature.
        signature_def: its ``SignatureDef``.
        assets: the names of the tensors that hold the paths of assets.

    Raises:
        CannotCarry: one of them holds or does what a SavedModel does not keep.
    """

    def __init__(
        self, graph: Any, key: str, signature_def: Any, assets: Collection[str] = ()
    ) -> None:
        self.assets = {name.partition(":")[0] for name in assets}
        self.definition = signature_def
        super().__init__(graph, key, signature_def)

    @property
    def loops(self) -> list[str]:
        """The names of the nodes that leave a v1 while loop with what has a gradient."""
        return sorted(
            op.name
            for op in self.ops.values()
            if op.type in ("Exit", "RefExit") and _differentiable(op.outputs[0])
        )

    def _is_state(self, op: Any) -> bool:
        return op.type in _VARIABLES or op.type in TABLES or op.name in self.assets

    def _refuse(self, name: str, kind: str, why: str) -> NoReturn:
        raise CannotCarry(
            f"signature {self.key!r} cannot be converted: node {name!r} ({kind}) {why}", name
        )

    def _check(self, op: Any) -> None:
        if op.type != "IsVariableInitialized":
            super()._check(op)

    def _graph_def(self) -> tuple[Any, dict[str, str]]:
        result, feeds = super()._graph_def()
        loops = set(self.loops)
        for node in list(result.node):
            if node.name in self.assets:
                node.attr["dtype"].type = tf.string.as_datatype_enum
            elif node.op == "IsVariableInitialized":  # they are, once a SavedModel is loaded
                node.op = "Const"
                del node.input[:]
                node.attr.clear()
                node.attr["dtype"].type = tf.bool.as_datatype_enum
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(True))
            elif node.name in loops:
                _prevent_gradient(result, node)
        return result, feeds

    def wrapped(self, state: Mapping[str, Any]) -> Any:
        """Return a function of the signature's dense tensors, in the order of ``inputs``."""
        graph_def, feeds = self._graph_def()

        def run(*arguments: Any) -> list[Any]:
            known = {t: value for (_, t), value in zip(self.inputs, arguments, strict=True)}
            input_map = {f"{name}:0": known[tensor] for tensor, name in feeds.items()}
            for op in self.state:
                value = _read(op, state[op.name])
                input_map[f"{op.name}:0"] = value
                known.setdefault(f"{op.name}:0", value)  # unless it is fed
            wanted = sorted({tensor for _, tensor in self.outputs if tensor not in known})
            found = tf.import_graph_def(graph_def, input_map, wanted, name="graph")
            known.update(zip(wanted, found or (), strict=True))
            return [tf.identity(known[tensor]) for _, tensor in self.outputs]

        # Imported straight into a tf.function, a v1 loop saves and then fails when it is run.
        return tf.compat.v1.wrap_function(run, self.specs)

    @property
    def specs(self) -> list[Any]:
        """The specs of the signature's dense input tensors."""
        return [
            tf.TensorSpec(tensor.shape, tensor.dtype.base_dtype, name=name)
            for name, tensor in ((n, self.graph.get_tensor_by_name(t)) for n, t in self.inputs)
        ]


class Parts(_Export):
    """The parts of all signatures, and what they become.

    Args:
        graph: what they are parts of.
        signatures: key -> ``SignatureDef``.
        tags: of the meta graph.
        assets: the names of the tensors that hold the paths of assets.

    Raises:
        CannotCarry: a node holds or does what a SavedModel does not keep.
    """

    def __init__(
        self,
        graph: Any,
        signatures: Mapping[str, Any],
        tags: Collection[str],
        assets: Collection[str] = (),
    ) -> None:
        definitions = {key: _signature_def(graph, key, one) for key, one in signatures.items()}
        super().__init__(graph, {}, tags)
        self.slices: dict[str, Part] = {
            key: Part(graph, key, one, assets) for key, one in definitions.items()
        }
        # As in the bridge: the first to return a tensor keeps its name.
        self.signature_defs = {
            key: definitions[key]
            for key in sorted(self.slices, key=lambda key: (*self.slices[key].cost, key))
        }
        self.defaults = {n: op for one in self.slices.values() for n, op in one.defaults.items()}
        self.computed_from = {key: one.computed_from() for key, one in self.slices.items()}
        self.needed = {op.name: op for one in self.slices.values() for op in one.state}
        self.wrapped: dict[str, Any] = {}

    def make(self, state: Mapping[str, Any]) -> None:
        """Make the functions, over variables and tables by the names of their operations."""
        for key, part in self.slices.items():
            self.wrapped[key] = part.wrapped(state)
            self.functions[key] = _signature(part, self.wrapped[key])

    def call(self, key: str) -> Any:
        """Return the function of a signature as people call it.

        One input is taken as it is, several in a dict; likewise outputs. Sparse tensors are
        ``tf.SparseTensor``.
        """
        part, wrapped = self.slices[key], self.wrapped[key]
        inputs, outputs = part.definition.inputs, part.definition.outputs
        flat = iter(part.specs)
        specs = {name: _spec(inputs[name], flat) for name in sorted(inputs)}

        def run(*given: Any) -> Any:
            values = given[0] if len(specs) > 1 else dict(zip(specs, given, strict=True))
            dense: list[Any] = []
            for name in specs:
                value = values[name]
                sparse = isinstance(value, tf.SparseTensor)
                dense += (
                    [value.indices, value.values, value.dense_shape] if sparse else [value]
                )
            found = iter(wrapped(*dense))
            result = {name: _value(outputs[name], found) for name in sorted(outputs)}
            return result if len(result) > 1 else next(iter(result.values()))

        signature = [specs] if len(specs) > 1 else list(specs.values())
        return tf.function(run, input_signature=signature, autograph=False)


def _signature(part: Part, wrapped: Any) -> Any:
    """Return the function of a signature as it is saved: of dense tensors, returning a dict."""
    keys = [key for key, _ in part.outputs]

    def signature(*arguments: Any) -> dict[str, Any]:
        return dict(zip(keys, wrapped(*arguments), strict=True))

    return tf.function(signature, input_signature=part.specs, autograph=False)


def _spec(info: Any, flat: Any) -> Any:
    """Return the spec of an input, consuming those of its dense tensors."""
    spec = next(flat)
    if info.WhichOneof("encoding") != "coo_sparse":
        return spec
    values = next(flat)
    next(flat)
    return tf.SparseTensorSpec(tf.TensorShape(info.tensor_shape), values.dtype)


def _value(info: Any, found: Any) -> Any:
    """Return an output, consuming its dense tensors."""
    if info.WhichOneof("encoding") != "coo_sparse":
        return next(found)
    return tf.SparseTensor(next(found), next(found), next(found))


def _read(op: Any, held: Any) -> Any:
    """Return what stands for a state op inside of a function."""
    if isinstance(held, tf.Variable):
        return held.read_value() if op.type != "VarHandleOp" else _handle(held.handle)
    if isinstance(held, tf.saved_model.Asset):
        return held.asset_path
    return _handle(held.resource_handle)


def _handle(eager: Any) -> Any:
    return tf.raw_ops.Identity(input=eager)  # an eager handle itself is refused by input_map


def _differentiable(tensor: Any) -> bool:
    return bool(tensor.dtype.base_dtype.is_floating or tensor.dtype.base_dtype.is_complex)


def _prevent_gradient(graph_def: Any, node: Any) -> None:
    """Make a gradient through the node fail, by name.

    TensorFlow does not have the gradient of a v1 while loop that was imported: it would fail on
    an attribute that the loop's context lacks.
    """
    kind = node.attr["T"]
    inner = graph_def.node.add()
    inner.CopyFrom(node)
    inner.name = f"{node.name}/forward_only"
    node.op = "PreventGradient"
    del node.input[:]
    node.input.append(inner.name)
    node.attr.clear()
    node.attr["T"].CopyFrom(kind)
    node.attr["message"].s = (
        f"{node.name} leaves a while loop of TensorFlow 1, which was converted for inference: "
        "it cannot be trained"
    ).encode()


