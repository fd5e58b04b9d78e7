"""Which variables are trainable where the model does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.slices import _VARIABLES
from migrator.convert.making.graph import differentiable_type

__all__ = ["differentiable"]

#: Ops whose gradient is zero, or that TensorFlow does not follow.
_STOPS = (
    "ArgMax",
    "ArgMin",
    "Ceil",
    "Floor",
    "Rint",
    "Round",
    "Sign",
    "StopGradient",
    "PreventGradient",
)
_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
#: What layers call the averages that they keep.
_AVERAGES = re.compile(r"(^|/)(moving|running|pop(ulation)?)_\w+$|/ExponentialMovingAverage$")


def differentiable(parts: Iterable[Any], needed: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the variables that an output's gradient reaches.

    The averages that batch normalization keeps are none of them: training replaces them, it does
    not descend on them. Nor are other moving averages, by their names.
    """
    reached: set[str] = set()
    averages: set[str] = set()
    for part in parts:
        stack = [part.graph.get_tensor_by_name(name) for _, name in part.outputs]
        seen: set[str] = set()
        while stack:
            tensor = stack.pop()
            op = tensor.op
            if tensor.name in seen or tensor.name in part.fed or not differentiable_type(tensor):
                continue
            seen.add(tensor.name)
            if op.type in _VARIABLES:
                reached.add(op.name)
            elif op.type in _NORMS:
                averages.update(_variable_of(one) for one in op.inputs[3:5])
            if op.type not in _STOPS:
                stack.extend(op.inputs)
    floats = {name for name in reached if _is_float(needed[name])}
    return frozenset(name for name in floats if name not in averages and not _AVERAGES.search(name))


def _is_float(op: Any) -> bool:
    kind = tf.as_dtype(op.get_attr("dtype")).base_dtype
    return bool(kind.is_floating or kind.is_complex)


def _variable_of(tensor: Any) -> str:
    while tensor.op.type in ("Identity", "ReadVariableOp") and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
    return str(tensor.op.name)
