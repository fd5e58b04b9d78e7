"""What every part of the worker needs: its errors, its types, and TensorFlow's two namespaces."""

import os
from typing import Any, Dict

Array = Any  # numpy's own generic spelling does not exist in the versions TensorFlow 1 needs

Json = Dict[str, Any]

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

VARIABLE_OPS = ("VariableV2", "Variable", "VarHandleOp")


class CannotOpen(Exception):
    """Say why the model cannot be opened at all, and what to do if that is not obvious."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.advice = advice


class OutOfMemory(Exception):
    """Say what did not fit into the memory limit."""


def cannot_open(reason: str, error: BaseException) -> Exception:
    """Return the exception to raise for an ``error`` while the model is opened."""
    said = what_failed(error)
    if not str(error):
        said = "%s (%s)" % (reason, said)
    exhausted = ("Arena alloc failed", "bad_alloc", "OOM when allocating", "Unable to allocate")
    if isinstance(error, MemoryError) or any(word in str(error) for word in exhausted):
        return OutOfMemory(said)
    return CannotOpen("%s: %s" % (reason, what_failed(error)))


def read_bytes(path: str) -> bytes:
    """Return what is in a file.

    Raises:
        OutOfMemory: it does not fit into the memory limit.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except MemoryError:
        size = os.path.getsize(path)
        raise OutOfMemory("%s alone takes %d bytes" % (os.path.basename(path), size))


class BadInput(Exception):
    """Say in one sentence which of the user's inputs does not fit the model."""


def what_failed(error: BaseException) -> str:
    """Return what an exception of ``Session.run`` or a function call says, in one line.

    TensorFlow 2 puts the position in the graph first and the reason after it.
    """
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [
        line
        for line in lines
        if line
        and line != "Graph execution error:"
        and not line.startswith(
            ("Detected at", "Node: ", "File ", "<stack traces", "Original stack")
        )
    ]
    return (lines[0] if lines else type(error).__name__)[:400]


def compat(tf: Any) -> Any:
    """Return the namespace of TensorFlow 1: ``tf.compat.v1`` where there is one."""
    return getattr(getattr(tf, "compat", None), "v1", None) or tf


def major(tf: Any) -> int:
    """Return TensorFlow's major version."""
    return int(tf.__version__.split(".")[0])


def _producer(text: str) -> str:
    """Return the node that an input (``^node``, ``node``, ``node:1``) comes from."""
    return text.lstrip("^").split(":")[0]


def saved_objects(graph: Any) -> Any:
    """Return the nodes of a MetaGraphDef's object graph; none before TensorFlow 1.14."""
    return graph.object_graph_def.nodes if hasattr(graph, "object_graph_def") else []


def phase(request: Json, name: str) -> None:
    """Record how far the process came."""
    with open(os.path.join(request["out"], "phase"), "w", encoding="utf-8") as file:
        file.write(name)
