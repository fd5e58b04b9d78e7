"""Frozen graphs: the constants that freezing made of variables are variables again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["unfreeze"]

_READER = re.compile(r"/read$|ReadVariableOp")


def unfreeze(graph_def: Any) -> dict[str, Callable[[], Any]]:
    """Make variables of the constants that were variables; return what reads their values.

    ``convert_variables_to_constants`` gives the constant the variable's name; the node that read
    the variable becomes an Identity (``w/read`` of ``w``, ``…/ReadVariableOp`` where it was a
    resource), and the gather from a resource becomes a plain one.  A variable becomes a
    ``VariableV2`` of the same name, without the value, so ``graph_def`` gets small.
    """
    nodes = {node.name: node for node in graph_def.node}
    found: dict[str, Callable[[], Any]] = {}
    for node in graph_def.node:
        if node.op != "Identity" or not _READER.search(node.name) or not node.input:
            continue
        constant = nodes.get(node.input[0].partition(":")[0])
        if constant is None or constant.op != "Const" or constant.name in found:
            continue
        found[constant.name] = _variable(constant)
    return found


def _variable(node: Any) -> Callable[[], Any]:
    """Make a variable of a constant; return what reads its value."""
    proto = tf.compat.v1.AttrValue()
    proto.CopyFrom(node.attr["value"])
    dtype, shape = node.attr["dtype"].type, proto.tensor.tensor_shape
    node.op = "VariableV2"
    del node.input[:]
    for name in list(node.attr):
        del node.attr[name]
    node.attr["dtype"].type = dtype
    node.attr["shape"].shape.CopyFrom(shape)
    node.attr["container"].s = b""
    node.attr["shared_name"].s = b""
    return lambda: tf.make_ndarray(proto.tensor)
