"""What lets TensorFlow 1.15, and servers of its time, read a graph of TensorFlow 2.

Part of ``tf2_bridge``, with the Saver and the exports.
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []

#: Attributes that older releases do not know and refuse; they say how to optimize or to debug.
_HINTS = ("debug_name", "grad_a", "grad_b")


def _for_older_readers(graph_def: Any) -> bool:
    """Leave out of a graph what older releases refuse and nothing is computed by.

    ``DisableCopyOnRead``, in the functions that save, only spares copies of the values.

    Returns:
        Whether there was any of it.
    """
    changed = False
    nodes = [graph_def.node, *(function.node_def for function in graph_def.library.function)]
    for node in (one for part in nodes for one in part):
        hints = [name for name in _HINTS if name in node.attr]
        for name in hints:
            del node.attr[name]
        if node.op == "DisableCopyOnRead":
            node.op = "NoOp"
            node.attr.clear()
            waited = ["^" + name.lstrip("^").partition(":")[0] for name in node.input]
            del node.input[:]
            node.input.extend(waited)
        elif not hints:
            continue
        changed = True
    return changed
