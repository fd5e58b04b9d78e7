"""A part of a graph as a function, from what is fed to what is fetched.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_READERS = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape")


def _part(
    graph: Any, captured: Mapping[str, Any], feeds: list[Any], fetches: list[Any]
) -> Callable[..., list[Any]]:
    """Return a function of the fed tensors that gives the fetches, None for operations.

    What reads a variable without waiting for anything reads it before it is changed, as TF1's
    variables were read in practice: their values were in no graph's way.

    Args:
        graph: which the feeds and fetches are of.
        captured: what of outside of the graph is used in it, by the names of its placeholders.
        feeds: tensors.
        fetches: tensors and operations.

    Raises:
        tf.errors.InvalidArgumentError: a placeholder is needed and not fed.
    """
    places = {tensor.name: f"feed_{index}" for index, tensor in enumerate(feeds)}
    ops = _between(captured, places, fetches)
    graph_def = tf.compat.v1.GraphDef()
    graph_def.versions.CopyFrom(graph.graph_def_versions)
    readers = _early_readers(graph, ops)
    for op in ops.values():
        node = graph_def.node.add()
        node.CopyFrom(op.node_def)
        node.attr.pop("_class", None)  # may name operations that are not needed
        kept = [one for one in node.input if one[0] != "^" or one[1:] in ops]
        before = {f"^{name}": None for t in _changed(op) for name in readers.get(t.name, ())}
        del node.input[:]
        node.input.extend([*kept, *(one for one in before if one not in kept)])
    if any(_calls(op) for op in ops.values()):
        graph_def.library.CopyFrom(graph.as_graph_def().library)
    used = {tensor.name for op in ops.values() for tensor in op.inputs}
    held = {name: outer for name, outer in captured.items() if f"{name}:0" in used}
    tensors = [one for one in fetches if isinstance(one, tf.Tensor)]
    others = [one for one in fetches if not isinstance(one, tf.Tensor)]

    def run(*values: Any) -> list[Any]:
        known = {tensor.name: value for tensor, value in zip(feeds, values, strict=True)}
        inputs = {name: value for name, value in known.items() if name in used}
        for name, outer in held.items():
            inputs[f"{name}:0"] = tf.raw_ops.Identity(input=outer)
        wanted = sorted({t.name for t in tensors if t.name not in known})
        names = [*wanted, *(op.name for op in others)]
        found = tf.graph_util.import_graph_def(graph_def, inputs, names, name="")
        known.update(zip(wanted, found, strict=False))
        with tf.control_dependencies(found[len(wanted) :]):
            # Without a tensor to give, one stands for the operations.
            return [tf.identity(known[t.name]) for t in tensors] or [tf.constant(0)]

    specs = [tf.TensorSpec(t.shape, t.dtype, name=places[t.name]) for t in feeds]
    wrapped = tf.compat.v1.wrap_function(run, specs)
    order = [index for index, one in enumerate(fetches) if isinstance(one, tf.Tensor)]

    def call(*values: Any) -> list[Any]:
        result: list[Any] = [None] * len(fetches)
        for index, value in zip(order, wrapped(*values), strict=False):
            result[index] = value.numpy()
        return result

    return call


def _between(
    captured: Mapping[str, Any], fed: Mapping[str, str], fetches: list[Any]
) -> dict[str, Any]:
    """Return the operations that the fetches need beside what is fed or captured, by name."""
    ops: dict[str, Any] = {}
    stack = [getattr(one, "op", one) for one in fetches if getattr(one, "name", "") not in fed]
    while stack:
        op = stack.pop()
        if op.name in ops or op.name in captured:
            continue
        if op.type == "Placeholder":
            dtype = tf.as_dtype(op.get_attr("dtype")).name
            raise tf.errors.InvalidArgumentError(
                op.node_def,
                op,
                f"You must feed a value for placeholder tensor '{op.name}' with dtype {dtype} and "
                f"shape {op.outputs[0].shape}",
            )
        ops[op.name] = op
        stack.extend(tensor.op for tensor in op.inputs if tensor.name not in fed)
        # To wait for a placeholder that is fed is to wait for nothing.
        stack.extend(one for one in op.control_inputs if f"{one.name}:0" not in fed)
    return ops


def _early_readers(graph: Any, ops: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the readers of variables that wait for no change, by the variables' tensors."""
    late: set[str] = set()
    readers: dict[str, list[str]] = {}
    for op in graph.get_operations():  # in the order in which they were made
        if op.name not in ops:
            continue
        before = (*op.control_inputs, *(tensor.op for tensor in op.inputs))
        if _changed(op) or any(one.name in late for one in before):
            late.add(op.name)
        elif op.type in _READERS:
            readers.setdefault(op.inputs[0].name, []).append(op.name)
    return readers


def _changed(op: Any) -> list[Any]:
    """Return the resources that ``op`` may change; not what functions do that it calls."""
    if op.type in _READERS or _calls(op):
        return []
    return [tensor for tensor in op.inputs if tensor.dtype == tf.resource]


def _calls(op: Any) -> bool:
    return any(value.func.name or value.list.func for value in op.node_def.attr.values())
