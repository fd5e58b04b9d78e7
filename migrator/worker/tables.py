"""The contents of lookup tables in checkpoints: an entry of keys and one of values, each.

The order in which a table lists its contents is no part of it: it differs between versions of
TensorFlow, and from one run to the next.
"""

from typing import Any, Iterable, List, Tuple

from .common import Array
from .store import as_array

ENDINGS = ("-keys", "-values")


def table_attributes(graph: Any) -> List[Tuple[int, str]]:
    """Return the number of each node of an object graph that is a table, and its key's stem."""
    return [
        (number, attribute.checkpoint_key)
        for number, node in enumerate(graph.nodes)
        for attribute in node.attributes
        if attribute.name == "table"
    ]


def table_of(key: str, stems: Iterable[str]) -> str:
    """Return the stem of the table whose keys or values are at ``key``; or an empty string."""
    for ending in ENDINGS:
        if key.endswith(ending) and key[: -len(ending)] in stems:
            return key[: -len(ending)]
    return ""


def ordered(reader: Any, stem: str, value: Any) -> Array:
    """Return ``value``, the keys or the values of a table, in the order of its keys.

    Values of equal keys, as the empty places of a dense table have, keep their order.
    """
    import numpy as np

    keys, array = as_array(reader.get_tensor(stem + ENDINGS[0])), as_array(value)
    if not keys.ndim or not keys.size or array.shape[:1] != keys.shape[:1]:
        return array
    rows = keys.reshape(len(keys), -1).tolist()
    return array[np.array(sorted(range(len(rows)), key=rows.__getitem__), dtype=np.int64)]
