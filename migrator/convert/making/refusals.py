"""What a SavedModel of TensorFlow 2 does not keep, and the way out for each."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

__all__ = ["reason_against", "way_out"]

_STAGES = re.compile(r"(Ordered)?(Map)?(Unstage|StagePeek|Peek|UnstageNoKey)")
_MACHINE = re.compile(r"TPU|_?(Host)?Recv|Infeed|Outfeed|NcclAll|CollectiveReduce|ConfigureDistrib")
_CHANGES = re.compile(r"Assign|Scatter|Apply|CountUpTo|LookupTable(Insert|Import|Remove)")


def reason_against(op: Any) -> str:
    """Return why an op that an output needs cannot be carried; an empty string if it can.

    Of what stands in the way of an export from a session as well (Python code, references,
    handles, what is not fed) nothing is said: :mod:`migrator.bridge.slices` refuses that.
    """
    if "_refused" in op.node_def.attr:
        kind = tf.compat.as_str(op.get_attr("_refused"))
        return f"({kind}) changes a reference variable when the outputs are run"
    if _STAGES.fullmatch(op.type):
        return "takes what another step has put in, which a SavedModel does not keep"
    if _MACHINE.match(op.type):
        return "moves data between devices or machines that are there in training only"
    if op.type in ("BatchFunction", "Batch", "Unbatch"):
        return "waits for other requests, whose batches are of one session of TensorFlow 1"
    if op.type in ("CountUpTo", "ResourceCountUpTo"):
        return "counts in a variable, which TensorFlow 2 saves and does not load"
    if op.type == "DestroyTemporaryVariable":
        return "takes a temporary variable, which TensorFlow 2 does not have"
    return ""


def way_out(graph: Any, name: str, kind: str) -> str:
    """Return what to do where the node ``name``, an op of type ``kind``, cannot be carried."""
    if "/" in name and not _has(graph, name):
        return "Ask for outputs that do not call the function, with --outputs or --signature"
    if kind.startswith("Placeholder"):
        return f"Name {name + ':0'!r} among the inputs, with --inputs or --signature"
    if _CHANGES.search(kind):
        return "Ask for outputs that do not need it, with --outputs or --signature"
    tensors = _given(graph.get_operation_by_name(name)) if _has(graph, name) else []
    if tensors:
        named = " and ".join(repr(one) for one in tensors[:3])
        return f"Give what it returns as an input ({named}), with --inputs or --signature"
    return "Ask for outputs that do not need it, with --outputs or --signature"


def _has(graph: Any, name: str) -> bool:
    try:
        graph.get_operation_by_name(name)
    except (KeyError, ValueError):
        return False
    return True


def _given(op: Any) -> list[str]:
    """Return the tensors of values that come out of an op, or of what takes its handle."""
    found, seen, stack = [], set(), [op]
    while stack:
        one = stack.pop()
        if one.name in seen:
            continue
        seen.add(one.name)
        for tensor in one.outputs:
            if tensor.dtype in (tf.resource, tf.variant) or tensor.dtype.name == "string_ref":
                # the size of a queue is no value of it
                stack.extend(
                    user for user in tensor.consumers() if not user.type.startswith("QueueSize")
                )
            elif one.type not in ("IteratorToStringHandle",):
                found.append(tensor.name)
    return sorted(found)
