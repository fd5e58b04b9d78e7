"""Frozen graphs: the constants that freezing made of variables are variables again."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

# The one message of the format that has no name under ``tf``.
from tensorflow.core.protobuf import meta_graph_pb2

from migrator.worker.graphs import read_graph

__all__ = ["read_frozen"]

_READER = re.compile(r"/read$|ReadVariableOp")
_LENGTH_DELIMITED = 2
#: Bytes of a node from which on its value stays in the file until it is asked for.
_LARGE = 1 << 16

Value = Callable[[], Any]


def read_frozen(path: str) -> tuple[Any, dict[str, Value]]:
    """Return a MetaGraphDef around the GraphDef in a file, and what reads its variables.

    ``convert_variables_to_constants`` gives the constant the variable's name; the node that read
    the variable becomes an Identity (``w/read`` of ``w``, ``…/ReadVariableOp`` where it was a
    resource).  Such a constant becomes a ``VariableV2`` of the same name.  The value of a large
    one stays in the file until it is asked for: a parsed graph would hold all of them at once.

    Raises:
        CannotOpen: the file holds something else.
    """
    with open(path, "rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # it is empty
            return read_graph(path), {}
    try:
        return _streamed(data)
    except (ValueError, IndexError, *_decode_errors()):
        # text, or damaged: the worker tells which
        meta = read_graph(path)
        return meta, _unfrozen(meta.graph_def, {})


def _streamed(data: mmap.mmap) -> tuple[Any, dict[str, Value]]:
    """Return what :func:`read_frozen` returns, of a binary file.

    Raises:
        ValueError: it is none.
    """
    meta = meta_graph_pb2.MetaGraphDef()
    graph_def = meta.graph_def
    large: dict[str, tuple[int, int]] = {}
    for number, start, end, begin in _fields(data, 0, len(data)):
        if number != 1:  # the library of functions, the versions
            graph_def.MergeFromString(data[begin:end])
            continue
        node = tf.compat.v1.NodeDef.FromString(data[start:end])
        if not node.op or not node.name:
            raise ValueError("it is no NodeDef")
        if node.op == "Const" and end - start > _LARGE:
            large[node.name] = start, end
            shape, dtype = node.attr["value"].tensor.tensor_shape, node.attr["dtype"].type
            stub = graph_def.node.add(name=node.name, op="Const")
            stub.attr["dtype"].type = dtype
            stub.attr["value"].tensor.dtype = dtype
            stub.attr["value"].tensor.tensor_shape.CopyFrom(shape)
        else:
            graph_def.node.add().CopyFrom(node)
    if not graph_def.node:
        raise ValueError("it is no GraphDef")
    found = _unfrozen(graph_def, {n: _in_file(data, *place) for n, place in large.items()})
    for node in graph_def.node:
        if node.name in large and node.name not in found:
            node.CopyFrom(tf.compat.v1.NodeDef.FromString(data[slice(*large[node.name])]))
    return meta, found


def _unfrozen(graph_def: Any, large: dict[str, Value]) -> dict[str, Value]:
    """Make variables of the constants that were variables; return what reads their values."""
    nodes = {node.name: node for node in graph_def.node}
    found: dict[str, Value] = {}
    for node in graph_def.node:
        if node.op != "Identity" or not _READER.search(node.name) or not node.input:
            continue
        constant = nodes.get(node.input[0].partition(":")[0])
        if constant is None or constant.op != "Const" or constant.name in found:
            continue
        found[constant.name] = large.get(constant.name) or _in_memory(constant)
        dtype, shape = constant.attr["dtype"].type, constant.attr["value"].tensor.tensor_shape
        variable = tf.compat.v1.NodeDef(name=constant.name, op="VariableV2")
        variable.attr["dtype"].type = dtype
        variable.attr["shape"].shape.CopyFrom(shape)
        variable.attr["container"].s = b""
        variable.attr["shared_name"].s = b""
        constant.CopyFrom(variable)
    return found


def _in_memory(node: Any) -> Value:
    proto = tf.compat.v1.AttrValue()
    proto.CopyFrom(node.attr["value"])
    return lambda: tf.make_ndarray(proto.tensor)


def _in_file(data: mmap.mmap, start: int, end: int) -> Value:
    """Return what reads the constant of a NodeDef that lies between two places of a file."""

    def read() -> Any:
        for place in _content(data, start, end):
            node = _without(data, start, end, place)
            tensor = node.attr["value"].tensor
            dtype = tf.as_dtype(tensor.dtype).as_numpy_dtype
            shape = [dim.size for dim in tensor.tensor_shape.dim]
            import numpy as np

            return np.frombuffer(memoryview(data)[slice(*place)], dtype).reshape(shape)
        return tf.make_ndarray(tf.compat.v1.NodeDef.FromString(data[start:end]).attr["value"].tensor)

    return read
