"""What gradients need to know of the handles of resource variables in an imported graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

__all__ = ["free_handles", "tell_handles"]

#: What passes its first input on.
_PASSES = ("Identity", "Switch", "Enter", "Merge", "NextIteration", "Exit")
_FUNCTIONS = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "While": 0}
_FUNCTIONS |= {"StatelessWhile": 0, "PartitionedCall": 0, "StatefulPartitionedCall": 0}
_LOOPS = ("While", "StatelessWhile")


def free_handles(graph_def: Any, handles: Mapping[str, tuple[Any, Any]]) -> None:
    """Read variables before the Switches of v1 conditionals, not behind them, in ``graph_def``.

    The gradient of a Switch that was imported takes that of a handle for a tensor.  So the
    value is read outside of the conditional and switched, as that of a reference variable is.

    Args:
        graph_def: is changed.
        handles: the names of the nodes that are handles -> dtype (its number) and shape (a
            proto) of the variable.
    """
    nodes = {node.name: node for node in graph_def.node}

    def added(name: str, op: str, inputs: list[str], **attrs: Any) -> str:
        if name not in nodes:
            nodes[name] = graph_def.node.add(name=name, op=op, input=inputs)
            for key, value in attrs.items():
                nodes[name].attr[key].type = value
        return name

    for node in list(graph_def.node):
        if node.op not in ("ReadVariableOp", "ResourceGather"):
            continue
        switches, current = [], node.input[0]
        while (producer := nodes.get(_name(current))) is not None:
            if producer.op not in ("Switch", "Identity"):
                break
            if producer.op == "Switch":
                switches.append(current)
            current = producer.input[0]
        if not switches or _name(current) not in handles:
            continue
        dtype = handles[_name(current)][0]
        value = added(
            f"{_name(current)}/tf_migrator_read", "ReadVariableOp", [current], dtype=dtype
        )
        for switch in reversed(switches):
            name, _, port = switch.partition(":")
            condition = nodes[name].input[1]
            value = added(f"{name}/tf_migrator_value", "Switch", [value, condition], T=dtype)
            value = f"{value}:{port or 0}"
        rest = list(node.input)[1:]
        del node.input[:]
        if node.op == "ReadVariableOp":
            node.op = "Identity"
            node.input.extend([value, *rest])
            node.attr.clear()
            node.attr["T"].type = dtype
            continue
        kind, batch = node.attr["Tindices"].type, node.attr["batch_dims"].i
        axis = added(f"{node.name}/tf_migrator_axis", "Const", [], dtype=tf.int32.as_datatype_enum)
        nodes[axis].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(batch, tf.int32))
        node.op = "GatherV2"
        node.input.extend([value, rest[0], axis, *rest[1:]])
        node.attr.clear()
        node.attr["Tparams"].type, node.attr["Tindices"].type = dtype, kind
        node.attr["Taxis"].type = tf.int32.as_datatype_enum
        node.attr["batch_dims"].i = batch


def tell_handles(graph_def: Any, handles: Mapping[str, tuple[Any, Any]]) -> None:
    """Say of the functions in ``graph_def`` what the variables are that they take.

    TensorFlow 1 did not write that down, and needs it for the gradient of a function.

    Args:
        graph_def: is changed.
        handles: the names of the nodes that are handles -> dtype (its number) and shape (a
            proto) of the variable.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    told: dict[tuple[str, int], tuple[Any, Any]] = {}

    def walk(nodes: Any, given: Callable[[str], Any]) -> None:
        by_name = {node.name: node for node in nodes}

        def origin(text: str) -> Any:
            seen = set()
            while text not in seen:
                seen.add(text)
                node = by_name.get(_name(text))
                if node is None:
                    return given(text)
                if _name(text) in handles and node.op == "Placeholder":
                    return handles[_name(text)]
                if node.op in _LOOPS:
                    text = node.input[int(text.rpartition(":")[2]) if ":" in text else 0]
                elif node.op in _PASSES:
                    text = node.input[0]
                else:
                    return None
            return None

        for node in nodes:
            for function, offset in _called(node, library):
                arguments = list(function.signature.input_arg)
                inputs = [text for text in node.input if not text.startswith("^")][offset:]
                found = {}
                for number, (text, argument) in enumerate(zip(inputs, arguments, strict=False)):
                    if argument.type == tf.resource.as_datatype_enum:
                        data = origin(text)
                        if data is not None:
                            found[number] = data
                name = function.signature.name
                fresh = [one for one in found if (name, one) not in told]
                for number in fresh:
                    told[name, number] = found[number]
                    known = arguments[number].handle_data
                    if not known:
                        dtype, shape = found[number]
                        known.add(dtype=dtype, shape=shape)
                if fresh:
                    inside = {arguments[number].name: told[name, number] for number in found}
                    walk(function.node_def, inside.get)

    walk(graph_def.node, lambda text: None)


def _name(text: str) -> str:
    """Return the name of the node, or of the argument, that an input refers to."""
    return text.lstrip("^").partition(":")[0]


def _called(node: Any, library: Mapping[str, Any]) -> list[tuple[Any, int]]:
    """Return the functions that a node calls, and the place of its input that they take first."""
    if node.op in library:
        return [(library[node.op], 0)]
    if node.op not in _FUNCTIONS:
        return []
    names = [one.name for value in node.attr.values() for one in [value.func, *value.list.func]]
    return [(library[name], _FUNCTIONS[node.op]) for name in names if name in library]
