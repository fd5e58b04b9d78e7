"""Signatures for tensors that the user names, or that can be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.worker.bare import guess
from migrator.worker.common import CannotOpen
from migrator.worker.graphs import PLACEHOLDERS, ancestors, graph_tensors

__all__ = ["guessed", "signature_def"]

_ADVICE = "name its tensors with --inputs and --outputs"


def signature_def(graph: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Any:
    """Return the ``SignatureDef`` of tensors of ``graph``, for the method name predict.

    A name without ``:`` is an op's, and means its first output.

    Raises:
        CannotOpen: a tensor is not there, or no output is named.
    """
    if not outputs:
        raise CannotOpen("a signature needs outputs", _ADVICE)
    sides = [{key: _info(graph, name) for key, name in side.items()} for side in (inputs, outputs)]
    return tf.compat.v1.saved_model.build_signature_def(*sides, tf.saved_model.PREDICT_METHOD_NAME)


def guessed(
    graph: Any,
    inputs: Mapping[str, str] | None,
    outputs: Mapping[str, str] | None,
    said: list[str],
) -> Any:
    """Return the signature of a graph that has none; what the user does not name is guessed.

    Where nothing is named, it is guessed as the checker guesses it: the placeholders, and the
    tensors that nothing but training, saving and summaries consumes.  Where the outputs are
    named, the inputs are the placeholders that they need.

    Raises:
        CannotOpen: nothing can be guessed, or a named tensor is not there.
    """
    if not outputs:
        found = guess(graph_tensors(graph))
        if not found["outputs"]:
            raise CannotOpen("it has no signature, and none can be guessed", _ADVICE)
        outputs = {key: str(info["tensor"]) for key, info in found["outputs"].items()}
        said.append(f"outputs guessed from the graph's sinks: {_spelled(outputs)}")
        if not inputs:
            inputs = {key: str(info["tensor"]) for key, info in found["inputs"].items()}
            said.append(f"inputs guessed from the graph's placeholders: {_spelled(inputs)}")
    elif inputs is None:
        below = ancestors([_tensor(graph, name).op for name in outputs.values()])
        names = [
            op.name for op in graph.get_operations() if op.type in PLACEHOLDERS and op.name in below
        ]
        inputs = {name: f"{name}:0" for name in names}
        said.append(
            f"inputs guessed from the placeholders that the outputs need: {_spelled(inputs)}"
        )
    return signature_def(graph, inputs or {}, outputs)


def _spelled(side: Mapping[str, str]) -> str:
    names = [
        tensor if tensor in (key, f"{key}:0") else f"{key}={tensor}" for key, tensor in side.items()
    ]
    return ", ".join(names) or "none"


def _tensor(graph: Any, name: str) -> Any:
    try:
        return graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
    except (KeyError, ValueError) as error:
        raise CannotOpen(f"it has no tensor {name!r}", _ADVICE) from error


def _info(graph: Any, name: str) -> Any:
    tensor = _tensor(graph, name)
    with graph.as_default():  # it is refused in eager mode
        info = tf.compat.v1.saved_model.build_tensor_info(tensor)
    info.dtype = tensor.dtype.base_dtype.as_datatype_enum  # a variable's is a reference
    return info
