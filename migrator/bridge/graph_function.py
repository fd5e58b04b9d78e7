"""A part of a graph as a function, from what is fed to what is fetched.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_READERS = frozenset(
    {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp"}
)


def _part(
    graph: Any,
    functions: Callable[[], Any],
    captured: Mapping[str, Any],
    variables: Collection[str],
    feeds: list[Any],
    fetches: list[Any],
) -> Callable[..., list[Any]]:
    """Return a function of the fed tensors that gives the fetches, None for operations.

    What reads a variable and waits for no change reads it before it is changed, as happened in
    TF1 sessions in practice.

    Args:
        graph: which the feeds and fetches are of.
        functions: returns the library of functions that its operations call.
        captured: what of outside of the graph is used in it, by the names of its placeholders.
        variables: those placeholders of it that stand for variables.
        feeds: tensors.
        fetches: tensors and operations.

    Raises:
        tf.errors.InvalidArgumentError: a placeholder is needed and not fed.
    """
    places = {tensor.name: f"feed_{index}" for index, tensor in enumerate(feeds)}
    ops = _between(captured, places, fetches)
    graph_def = tf.compat.v1.GraphDef()
    graph_def.versions.CopyFrom(graph.graph_def_versions)
    library = functions() if any(map(_called, ops.values())) else None
    changed, readers = _order(graph, ops, variables, _changing(library))
    for op in ops.values():
        node = graph_def.node.add()
        node.CopyFrom(op.node_def)
        node.attr.pop("_class", None)  # may name operations that are not needed
        kept = [one for one in node.input if one[0] != "^" or one[1:] in ops]
        before = [f"^{name}" for one in changed.get(op.name, ()) for name in readers.get(one, ())]
        del node.input[:]
        node.input.extend([*kept, *(one for one in dict.fromkeys(before) if one not in kept)])
    if library is not None:
        graph_def.library.CopyFrom(library)
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
        if "_refused" in op.node_def.attr:
            kind = tf.compat.as_str(op.get_attr("_refused"))
            raise ValueError(f"node {op.name!r} ({kind}) cannot be run without a session")
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


def _order(
    graph: Any, ops: Mapping[str, Any], variables: Collection[str], changing: Collection[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return what operations change, and the variables' readers that wait for no change.

    Args:
        graph: which the operations are of.
        ops: the operations to look at, by name.
        variables: the names of the placeholders that stand for variables.
        changing: the names of functions that change variables.
    """
    changed: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    late: set[str] = set()  # operations that wait for a change
    for op in graph.get_operations() if variables else ():  # in the order they were made in
        if op.name not in ops:
            continue
        used = [tensor.op.name for tensor in op.inputs if tensor.op.name in variables]
        called = _called(op)
        reads = op.type in _READERS or (called and not any(one in changing for one in called))
        if used and not reads:
            changed[op.name] = used
        before = (*op.control_inputs, *(tensor.op for tensor in op.inputs))
        if op.name in changed or any(one.name in late for one in before):
            late.add(op.name)
        else:
            for one in used:
                readers.setdefault(one, []).append(op.name)
    return changed, readers


def _changing(library: Any) -> set[str]:
    """Return the names of the functions that change variables, themselves or by calling others."""
    found: set[str] = set()
    functions = library.function if library is not None else ()
    while True:
        more = {
            function.signature.name
            for function in functions
            for node in function.node_def
            if found.intersection([node.op, *_names(node)])
            or (re.match("Assign|Resource", node.op) and node.op not in _READERS)
        }
        if more == found:
            return found
        found = more


def _called(op: Any) -> list[str]:
    """Return the names of the functions that ``op`` calls, or is a call of."""
    return _names(op.node_def) or ([] if hasattr(tf.raw_ops, op.type) else [op.type])


def _names(node: Any) -> list[str]:
    values = node.attr.values()
    return [f.name for value in values for f in (value.func, *value.list.func) if f.name]
