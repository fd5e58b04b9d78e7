"""Frozen graphs: the constants that freezing made of variables are variables again."""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

# The one message of the format that has no name under ``tf``.
from tensorflow.core.protobuf import meta_graph_pb2

from migrator.worker.graphs import read_graph

__all__ = ["read_frozen"]

_READER = re.compile(r"/read$|ReadVariableOp")
#: Bytes of a node from which on its value stays in the file until it is asked for.
_LARGE = 1 << 16

Value = Callable[[], Any]


def read_frozen(path: str) -> tuple[Any, dict[str, Value]]:
    """Return a MetaGraphDef around the GraphDef in a file, and what reads its variables.

    ``convert_variables_to_constants`` gives the constant the variable's name; the node that read
    the variable becomes an Identity (``w/read`` of ``w``, ``…/ReadVariableOp`` where it was a
    resource), and a lookup in a resource a ``GatherV2``.  Such a constant becomes a
    ``VariableV2`` of the same name.  The value of a large one stays in the file until it is
    asked for: a parsed graph would hold all of them at once.

    Raises:
        CannotOpen: the file holds something else.
    """
    with open(path, "rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # it is empty
            return read_graph(path), {}
    try:
        return _streamed(path, data)
    except Exception:  # text, or damaged: the worker tells which, and raises
        meta = read_graph(path)
        return meta, _unfrozen(meta.graph_def, {})


def _streamed(path: str, data: mmap.mmap) -> tuple[Any, dict[str, Value]]:
    """Return what :func:`read_frozen` returns, of a binary file.

    Raises:
        ValueError: it is none.
    """
    meta = meta_graph_pb2.MetaGraphDef()
    graph_def = meta.graph_def
    large: dict[str, tuple[int, int]] = {}
    values: dict[str, Value] = {}
    for number, start, end, begin in _fields(data, 0, len(data)):
        if number != 1:  # the library of functions, the versions
            graph_def.MergeFromString(data[begin:end])
            continue
        stub = _stub(data, start, end) if end - start > _LARGE else None
        if stub is None:
            node = tf.compat.v1.NodeDef.FromString(data[start:end])
            if not node.op or not node.name:
                raise ValueError("it is no NodeDef")
            graph_def.node.add().CopyFrom(node)
            continue
        node, place = stub
        graph_def.node.add().CopyFrom(node)
        large[node.name] = start, end
        values[node.name] = _in_file(path, node.attr["value"].tensor, place)
    if not graph_def.node:
        raise ValueError("it is no GraphDef")
    found = _unfrozen(graph_def, values)
    for node in graph_def.node:
        if node.name in large and node.name not in found:
            node.CopyFrom(tf.compat.v1.NodeDef.FromString(data[slice(*large[node.name])]))
    return meta, found


def _unfrozen(graph_def: Any, large: dict[str, Value]) -> dict[str, Value]:
    """Make variables of the constants that were variables; return what reads their values."""
    nodes = {node.name: node for node in graph_def.node}
    found: dict[str, Value] = {}
    for node in graph_def.node:
        if not node.input:
            continue
        constant = nodes.get(node.input[0].partition(":")[0])
        if constant is None or constant.op != "Const" or constant.name in found:
            continue
        if not _reads(node, constant.name):
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


def _reads(node: Any, name: str) -> bool:
    """Return whether a node read the variable ``name`` before it was frozen."""
    if node.op == "Identity":
        return _READER.search(node.name) is not None
    # a lookup in a resource is placed beside it, and reads it by itself
    places = node.attr["_class"].list.s if "_class" in node.attr else ()
    return node.op == "GatherV2" and f"loc:@{name}".encode() in places


def _in_memory(node: Any) -> Value:
    proto = tf.compat.v1.AttrValue()
    proto.CopyFrom(node.attr["value"])
    return lambda: tf.make_ndarray(proto.tensor)


def _in_file(path: str, tensor: Any, place: int) -> Value:
    """Return what reads a constant whose values start at a place of a file."""
    dtype = tf.as_dtype(tensor.dtype).as_numpy_dtype
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    return lambda: np.fromfile(path, dtype, math.prod(shape), offset=place).reshape(shape)


def _stub(data: mmap.mmap, start: int, end: int) -> tuple[Any, int] | None:
    """Return the NodeDef of a constant without its values, and where these start.

    None where it is another node, or its values are not stored as they are in memory.
    """
    node = tf.compat.v1.NodeDef()
    place = 0
    for number, first, last, begin in _fields(data, start, end):
        if number != 5:  # NodeDef.attr
            node.MergeFromString(data[begin:last])
            continue
        parts = {n: (one, other) for n, one, other, _ in _fields(data, first, last)}
        if data[slice(*parts[1])] != b"value":
            node.MergeFromString(data[begin:last])
            continue
        for kind, one, other, _ in _fields(data, *parts[2]):
            for field, low, high, begin in _fields(data, one, other) if kind == 8 else ():
                if field == 4:  # TensorProto.tensor_content
                    place, size = low, high - low
                else:
                    node.attr["value"].tensor.MergeFromString(data[begin:high])
    tensor = node.attr["value"].tensor
    if node.op != "Const" or not node.name or not place:
        return None
    count = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    whole = size == count * tf.as_dtype(tensor.dtype).size
    return (node, place) if whole else None


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the fields of a message: number, where the value starts and ends, where the field.

    Raises:
        ValueError: there is no message.
    """
    place = start
    while place < end:
        begin = place
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        first = place
        if kind == 0:
            _, place = _varint(data, place)
        elif kind == 2:
            size, first = _varint(data, place)
            place = first + size
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if place > end or not number:
            raise ValueError("it is cut off")
        yield number, first, place, begin


def _varint(data: mmap.mmap, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError("it is no number")
