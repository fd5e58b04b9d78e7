"""Reference variables as resources, where a model changes them while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from migrator.bridge.graph_resources import _Resources
from migrator.bridge.slices import _REFERENCE_PASSING, _takes_references

__all__ = ["change_references", "in_resources", "variable_name"]

_PREFIX = _Resources.placeholder("")


def variable_name(name: str) -> str:
    """Return the name that a variable had, of the name of the op that holds it now."""
    return name.removeprefix(_PREFIX)


def change_references(ops: Iterable[Any]) -> bool:
    """Return whether one of some ops changes a reference variable."""
    return any(_takes_references(op) and op.type not in _REFERENCE_PASSING for op in ops)


def in_resources(graph_def: Any) -> Any:
    """Return the graph of ``graph_def``, without reference variables; None where that cannot be.

    Every tensor of a value is there under its name. The ops that held references are resources,
    and are called otherwise, see :func:`variable_name`. What cannot be done with a resource is
    a placeholder with the attribute ``_refused``.
    """
    result = tf.compat.v1.GraphDef()
    result.CopyFrom(graph_def)
    found = _Resources(result, None)
    nodes = {node.name: node for node in result.node}
    for name, op in {**found.variables, **found.tables}.items():
        if op.outputs[0].dtype == tf.resource:
            nodes[name].CopyFrom(op.node_def)
            continue
        node = result.node.add()
        node.CopyFrom(op.node_def)
        node.name = found.placeholder(name)
        if name in found.tables:
            node.op += "V2"
        else:
            node.op = "VarHandleOp"
            node.attr["shared_name"].s = op.get_attr("shared_name") or name.encode()
    graph = tf.Graph()
    with graph.as_default():
        try:
            tf.import_graph_def(result, name="")
        except ValueError:
            return None
    return graph
