"""The part of a TensorFlow 1 graph that a signature needs, as a function of TensorFlow 2."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import tensorflow as tf

from migrator.bridge.serving import _Export
from migrator.bridge.signature_defs import _signature_def
from migrator.bridge.slices import _VARIABLES, _captured, _Slice
from migrator.convert.making import CannotCarry
from migrator.convert.making.conditionals import make_functional
from migrator.convert.making.handles import pass_values
from migrator.convert.making.refusals import reason_against, way_out

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
#: What reads a table that is held by reference, and changes nothing.
_OLD_READS = ("LookupTableFind", "LookupTableSize")
_EXITS = ("Exit", "RefExit")


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
        self.bars = {
            tensor: found
            for _, tensor in self.outputs
            if differentiable_type(self._tensor(tensor)) and (found := self._bar(tensor))
        }

    def _is_state(self, op: Any) -> bool:
        return op.type in _VARIABLES or op.type in TABLES or op.name in self.assets

    def _refuse(self, name: str, kind: str, why: str) -> NoReturn:
        # The bridge says what its callers can do; here the way out is another one.
        why = why.partition(". ")[0]
        raise CannotCarry(
            f"signature {self.key!r} cannot be converted: node {name!r} ({kind}) {why}",
            name,
            way_out(self.graph, name, kind),
        )

    def _check(self, op: Any) -> None:
        if op.type in ("IsVariableInitialized", *_OLD_READS):
            return
        why = reason_against(op)
        if why:
            self._refuse(op.name, op.type, why)
        super()._check(op)

    def _graph_def(self) -> tuple[Any, dict[str, str]]:
        result, feeds = super()._graph_def()
        for node in list(result.node):
            if node.name in self.assets:
                node.attr["dtype"].type = tf.string.as_datatype_enum
            elif node.op in _OLD_READS:  # their table becomes a resource
                node.op += "V2"
            elif node.op == "IsVariableInitialized":  # they are, once a SavedModel is loaded
                node.op = "Const"
                del node.input[:]
                node.attr.clear()
                node.attr["dtype"].type = tf.bool.as_datatype_enum
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(True))
        handles = {
            op.name: (op.get_attr("dtype").as_datatype_enum, op.get_attr("shape"))
            for op in self.state
            if op.type == "VarHandleOp"
        }
        make_functional(
            result,
            {tensor for _, tensor in self.outputs if tensor not in self.fed},
            lambda name: self._tensor(name).dtype,
            lambda name: self._tensor(name).shape.as_proto(),
            lambda node: _output_names(self.graph.get_operation_by_name(node.name)),
        )
        pass_values(result, handles)
        return result, feeds

    def function(self, state: Mapping[str, Any]) -> Any:
        """Return a Python function of the signature's dense tensors, in the order of ``inputs``."""
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
            return [
                _as_bits(known[tensor]) if tensor in self.bars else tf.identity(known[tensor])
                for _, tensor in self.outputs
            ]

        # Imported straight into a tf.function, a v1 loop saves and then fails when it is run.
        wrapped = tf.compat.v1.wrap_function(run, self.specs)

        def call(*arguments: Any) -> list[Any]:
            known = {t: value for (_, t), value in zip(self.inputs, arguments, strict=True)}
            return [
                self._barred(tensor, value, {**state, **known}) if tensor in self.bars else value
                for (_, tensor), value in zip(self.outputs, wrapped(*arguments), strict=True)
            ]

        return call

    def _tensor(self, name: str) -> Any:
        return self.graph.get_tensor_by_name(name)

    def _bar(self, output: str) -> tuple[str, list[str]] | None:
        """Return a v1 loop on the way to an output, and what would be trained through it.

        None where there is no loop, or nothing that is trained before it.
        """
        loops = [op for op in self._upstream([self._tensor(output)]) if op.type in _EXITS]
        trained: set[str] = set()
        for op in self._upstream([one.outputs[0] for one in loops]):
            if op.type in _VARIABLES and _is_float(tf.as_dtype(op.get_attr("dtype"))):
                trained.add(op.name)
            trained.update(one.name for one in op.inputs if one.name in self.fed)
            trained.update(one.name for one in op.outputs if one.name in self.fed)
        trained = {
            one for one in trained if ":" not in one or differentiable_type(self._tensor(one))
        }
        if not trained:
            return None
        return min(op.name for op in loops), sorted(trained)

    def _upstream(self, tensors: list[Any]) -> list[Any]:
        """Return the ops that differentiable tensors are computed from through such ones."""
        found: dict[str, Any] = {}
        stack = [tensor for tensor in tensors if differentiable_type(tensor)]
        while stack:
            tensor = stack.pop()
            if tensor.op.name not in found and tensor.name not in self.fed:
                found[tensor.op.name] = tensor.op
                stack.extend(one for one in tensor.op.inputs if differentiable_type(one))
        return list(found.values())

    def _barred(self, tensor: str, bits: Any, held: Mapping[str, Any]) -> Any:
        """Return an output whose gradient fails by the name of the loop.

        TensorFlow has no gradient of a v1 loop that was imported, and finds that out by an
        attribute that is missing. So the loop is hidden from it behind a type that has no
        gradients, and what would be trained gets a way past it that says why not.
        """
        node, trained = self.bars[tensor]
        told = (
            f"{node} leaves a while loop of TensorFlow 1, which was converted for inference: "
            "it cannot be trained. To use what it returns under a tape, call it within "
            "tape.stop_recording()"
        )
        sources = [held[name] for name in trained if name in held]
        barred = [
            tf.raw_ops.PreventGradient(
                input=one.read_value() if isinstance(one, tf.Variable) else one, message=told
            )
            for one in sources
        ]
        value = tf.bitcast(bits, self._tensor(tensor).dtype.base_dtype)
        return tf.raw_ops.IdentityN(input=[value, *barred])[0]

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
        definitions = {key: _definition(graph, key, one) for key, one in signatures.items()}
        super().__init__(graph, {}, tags)
        self.slices: dict[str, Any] = {
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
        self.dense: dict[str, Any] = {}

    def make(self, state: Mapping[str, Any]) -> None:
        """Make the functions, over variables and tables by the names of their operations."""
        for key, part in self.slices.items():
            self.dense[key] = part.function(state)
            self.functions[key] = _signature(part, self.dense[key])

    def call(self, key: str) -> Any:
        """Return the function of a signature as people call it.

        One input is taken as it is, several in a dict; likewise outputs. Sparse tensors are
        ``tf.SparseTensor``.
        """
        part, dense = self.slices[key], self.dense[key]
        inputs, outputs = part.definition.inputs, part.definition.outputs
        flat = iter(part.specs)
        specs = {name: _spec(inputs[name], flat) for name in sorted(inputs)}

        def run(*given: Any) -> Any:
            values = given[0] if len(specs) > 1 else dict(zip(specs, given, strict=True))
            parts: list[Any] = []
            for name in specs:
                value = values[name]
                sparse = isinstance(value, tf.SparseTensor)
                parts += [value.indices, value.values, value.dense_shape] if sparse else [value]
            found = iter(dense(*parts))
            result = {name: _value(outputs[name], found) for name in sorted(outputs)}
            return result if len(result) > 1 else next(iter(result.values()))

        signature = [specs] if len(specs) > 1 else list(specs.values())
        return tf.function(run, input_signature=signature, autograph=False)


def _output_names(op: Any) -> list[str]:
    """Return what the outputs of an op are called in a function."""
    found = []
    for argument in op.op_def.output_arg:
        number = 1
        if argument.number_attr:
            number = op.get_attr(argument.number_attr)
        elif argument.type_list_attr:
            number = len(op.get_attr(argument.type_list_attr))
        found += [f"{argument.name}:{place}" for place in range(number)]
    return found


def _definition(graph: Any, key: str, signature: Any) -> Any:
    """Return a signature, of dense and sparse tensors of the graph."""
    for side in (signature.inputs, signature.outputs):
        for name, info in side.items():
            if info.WhichOneof("encoding") not in ("name", "coo_sparse"):
                raise CannotCarry(
                    f"signature {key!r} cannot be converted: {name!r} is neither a dense nor a "
                    "sparse tensor",
                    advice="Export the dense tensors that it consists of",
                )
    try:
        return _signature_def(graph, key, signature)
    except (KeyError, ValueError) as error:
        raise CannotCarry(f"signature {key!r} cannot be converted: {error}") from error


def _signature(part: Part, dense: Any) -> Any:
    """Return the function of a signature as it is saved: of dense tensors, returning a dict."""
    keys = [key for key, _ in part.outputs]

    def signature(*arguments: Any) -> dict[str, Any]:
        return dict(zip(keys, dense(*arguments), strict=True))

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
        handle = _captured(held.handle)
        if op.type == "VarHandleOp":
            return handle
        # Thrice as fast as `read_value`, which also tells tapes: those of who loads it ask again.
        return tf.raw_ops.ReadVariableOp(resource=handle, dtype=held.dtype)
    if isinstance(held, tf.saved_model.Asset):
        return _captured(held.asset_path)
    return _captured(held.resource_handle)


def differentiable_type(tensor: Any) -> bool:
    """Return whether TensorFlow follows gradients through a tensor, by its dtype."""
    dtype = tensor.dtype.base_dtype
    return _is_float(dtype) or dtype in (tf.resource, tf.variant)


def _is_float(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_complex)


def _as_bits(value: Any) -> Any:
    """Return a tensor in an integer type, which no gradient goes through."""
    kind = {2: tf.uint16, 4: tf.int32}.get(value.dtype.base_dtype.size, tf.int64)
    return tf.bitcast(value, kind)
