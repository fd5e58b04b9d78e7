"""The nodes of a graph that a signature needs, and the function that they become.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.serving`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.signature_defs import _flat

__all__: list[str] = []

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
    "RefSwitch": "Switch",
}
# Colocation names nodes that are not copied; recorded shapes can contradict newer shape
# functions, and gradients registered by name do not exist where the model is served.
_DROPPED_ATTRS = ("_class", "_output_shapes", "_gradient_op_type")


def _takes_references(op: Any) -> bool:
    return any(bool(argument.is_ref) for argument in op.op_def.input_arg)


class _Slice:
    """The nodes between a signature's inputs and outputs.

    Args:
        graph: what they are nodes of.
        key: of the signature.
        signature_def: its ``SignatureDef``.
        captured: the names of placeholders that stand for variables outside of the graph.
    """

    def __init__(
        self, graph: Any, key: str, signature_def: Any, captured: Collection[str] = ()
    ) -> None:
        self.key = key
        self.graph = graph
        self.captured = captured
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
            if not self._is_state(op):
                self._check(op)
                stack.extend(tensor.op for tensor in op.inputs if tensor.name not in self.fed)
                stack.extend(other for other in op.control_inputs if not self._is_idle(other))
        self._check_functions()

    @property
    def state(self) -> list[Any]:
        """The operations that hold variables and tables."""
        return [self.ops[name] for name in sorted(self.ops) if self._is_state(self.ops[name])]

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

    def _is_state(self, op: Any) -> bool:
        return op.type in _VARIABLES or op.type in _TABLES or op.name in self.captured

    def _is_fed(self, op: Any) -> bool:
        return op.type.startswith("Placeholder") and f"{op.name}:0" in self.fed

    def _is_idle(self, op: Any) -> bool:
        """Say whether waiting for ``op`` is waiting for nothing."""
        return self._is_fed(op) or self._is_state(op)

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
            if self._is_state(op):
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
                if isinstance(held, tf.lookup.StaticHashTable):
                    value = _captured(held.resource_handle)
                elif op.type == "VarHandleOp" or op.name in self.captured:
                    value = _captured(held.handle)
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


def _captured(outer: Any) -> Any:
    """Return a tensor from outside of the function that is built as one of its graph.

    No op passes it on: when the function is loaded, what a handle is of is told to the tensor that
    captures it and to no other, and the gradients of branches and loops ask for it.
    """
    return tf.compat.v1.get_default_graph().capture(outer)
