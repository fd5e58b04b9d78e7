"""Arrays and JSON on disk, without pickle."""

import json
import os
import zipfile
from typing import Any

from .common import Array, Json


class Store:
    """Write arrays one at a time into a ``.npz`` file, so that only one is in memory.

    The file is read with ``numpy.load(path, allow_pickle=False)``.
    """

    def __init__(self, path: str) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._count = 0

    def _write(self, key: str, array: Array) -> None:
        import numpy as np

        with self._file.open(key + ".npy", "w", force_zip64=True) as member:
            # not ascontiguousarray, which makes a scalar a vector
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)

    def put(self, value: Any) -> Json:
        """Store ``value`` and return its index entry."""
        import numpy as np

        array = as_array(value)
        key = "a%d" % self._count
        self._count += 1
        entry = {"key": key, "dtype": dtype_name(array), "shape": list(array.shape)}
        if entry["dtype"] == "string":
            items = [item if isinstance(item, bytes) else bytes(item) for item in array.ravel()]
            self._write(key, np.frombuffer(b"".join(items), dtype=np.uint8))
            self._write(key + ".lengths", np.array([len(item) for item in items], dtype=np.int64))
        else:
            self._write(key, plain(array))
        return entry

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def as_array(value: Any) -> Array:
    """Return ``value`` as an array; a ``bytes`` keeps its trailing zeros."""
    import numpy as np

    if isinstance(value, (bytes, str)):
        array = np.empty((), dtype=object)
        array[()] = value if isinstance(value, bytes) else value.encode("utf-8")
        return array
    return np.asarray(value)


def dtype_name(array: Array) -> str:
    """Return TensorFlow's name of an array's dtype (``string`` for bytes, ``bfloat16``, ...)."""
    if array.dtype.kind in "OSU":
        return "string"
    if array.dtype.names:  # the quantized types: one named field
        return str(array.dtype.names[0])
    return str(array.dtype.name)


def plain(array: Array) -> Array:
    """Return ``array`` in a dtype that every NumPy has, without losing a bit of its value."""
    import numpy as np

    if array.dtype.names:
        return array.view(array.dtype[0])
    if array.dtype.kind in "biufc" and array.dtype.name in np.sctypeDict:
        return array
    name = array.dtype.name
    return array.astype(np.int8 if "int" in name else np.float32)


def load(entry: Json, arrays: Any) -> Array:
    """Return the array that :meth:`Store.put` stored under ``entry``."""
    import numpy as np

    stored = arrays[entry["key"]]
    if entry["dtype"] != "string":
        return stored
    lengths = arrays[entry["key"] + ".lengths"]
    data = stored.tobytes()
    result = np.empty(len(lengths), dtype=object)
    start = 0
    for index, length in enumerate(lengths):
        result[index] = data[start : start + int(length)]
        start += int(length)
    return result.reshape(entry["shape"])


def write_json(path: str, value: Json) -> None:
    """Write ``value`` so that a reader sees the whole file or none."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".part", path)


def same(one: Array, two: Array) -> bool:
    """Return whether two runs gave the same output, bit for bit (every NaN counts as one)."""
    import numpy as np

    if one.dtype != two.dtype or one.shape != two.shape:
        return False
    if one.dtype.kind == "O":
        return list(one.ravel()) == list(two.ravel())
    if one.tobytes() == two.tobytes():
        return True
    if one.dtype.kind not in "fc":
        return False
    return bool(np.all((one == two) | (np.isnan(one) & np.isnan(two))))
