"""Gradients of the arrays in loops as TensorFlow 1 wrote them.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_import`. TensorFlow's own make arrays of
its second kind, which such loops do not have.
"""

from __future__ import annotations

import contextlib
from typing import Any

import tensorflow as tf

__all__: list[str] = []


def _gradient_name(kind: str) -> str:
    """Return what the gradient of a type of operation is registered as."""
    return f"{__name__}.{kind}"


def _gradients(op: Any, flow: Any, gradient: Any) -> tuple[Any, Any]:
    """Return handle and flow of the array of the gradients of an array's elements.

    Each call of ``tf.gradients`` has arrays of its own, told apart by its scope.
    """
    scopes = [one for one in gradient.name.split("/") if one.startswith("gradients")]
    array = tf.raw_ops.TensorArrayGradV3(
        handle=op.inputs[0], flow_in=flow, source=scopes[-1] if scopes else "gradients"
    )
    with tf.control_dependencies([array.grad_handle]):
        return array.grad_handle, tf.identity(array.flow_out)


def _of_read(op: Any, gradient: Any) -> list[Any]:
    handle, flow = _gradients(op, op.inputs[2], gradient)
    write = tf.raw_ops.TensorArrayWriteV3
    return [None, None, write(handle=handle, index=op.inputs[1], value=gradient, flow_in=flow)]


def _of_gather(op: Any, gradient: Any) -> list[Any]:
    handle, flow = _gradients(op, op.inputs[2], gradient)
    scatter = tf.raw_ops.TensorArrayScatterV3
    return [None, None, scatter(handle=handle, indices=op.inputs[1], value=gradient, flow_in=flow)]


def _of_write(op: Any, gradient: Any) -> list[Any]:
    handle, flow = _gradients(op, gradient, gradient)
    read = tf.raw_ops.TensorArrayReadV3(
        handle=handle, index=op.inputs[1], flow_in=flow, dtype=op.get_attr("T")
    )
    return [None, None, read, gradient]


def _of_scatter(op: Any, gradient: Any) -> list[Any]:
    handle, flow = _gradients(op, gradient, gradient)
    gather = tf.raw_ops.TensorArrayGatherV3(
        handle=handle, indices=op.inputs[1], flow_in=flow, dtype=op.get_attr("T")
    )
    return [None, None, gather, gradient]


_ARRAY_GRADIENTS = {
    "TensorArrayGatherV3": _of_gather,
    "TensorArrayReadV3": _of_read,
    "TensorArrayScatterV3": _of_scatter,
    "TensorArrayWriteV3": _of_write,
}
for _kind in _ARRAY_GRADIENTS:
    with contextlib.suppress(KeyError):  # a module that is loaded again has registered them
        tf.RegisterGradient(_gradient_name(_kind))(_ARRAY_GRADIENTS[_kind])
