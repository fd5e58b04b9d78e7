"""Arrays on their way to and from a worker process: ``.npz`` without pickle.

The format is the worker's: an index entry names the key, TensorFlow's dtype and the shape;
strings are stored as one array of bytes plus one of lengths.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Archive", "Tensor", "write_given"]


@dataclass(frozen=True)
class Tensor:
    """A value and the dtype that TensorFlow gave it.

    ``array`` has the next wider NumPy dtype where NumPy lacks the type itself (float32 for
    bfloat16), and dtype object, holding ``bytes``, for strings.
    """

    dtype: str
    array: np.ndarray[Any, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as a tuple of sizes."""
        return tuple(self.array.shape)


class Archive:
    """Read the arrays of one worker, each when it is asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._arrays = np.load(path, allow_pickle=False)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._arrays.close()

    def tensor(self, entry: Mapping[str, Any]) -> Tensor:
        """Return the tensor that an index entry describes."""
        key, dtype = str(entry["key"]), str(entry["dtype"])
        stored = self._arrays[key]
        if dtype != "string":
            return Tensor(dtype, stored.reshape(entry["shape"]))
        data = stored.tobytes()
        lengths = self._arrays[key + ".lengths"]
        items = np.empty(len(lengths), dtype=object)
        start = 0
        for index, length in enumerate(lengths):
            items[index] = data[start : start + int(length)]
            start += int(length)
        return Tensor(dtype, items.reshape(entry["shape"]))


def write_given(inputs: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Store the user's inputs for the worker, and return the index that it reads.

    Args:
        inputs: input name to array, for every signature that has such an input; or
            signature key to such a mapping.
        folder: where ``given.npz`` is written.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}

    def put(value: Any) -> dict[str, Any]:
        array = _as_array(value)
        key = f"g{len(arrays)}"
        entry = {"key": key, "dtype": array.dtype.name, "shape": list(array.shape)}
        if array.dtype.kind == "O":
            entry["dtype"] = "string"
            arrays[key] = np.frombuffer(b"".join(array.ravel()), dtype=np.uint8)
            arrays[key + ".lengths"] = np.array([len(i) for i in array.ravel()], dtype=np.int64)
        else:
            arrays[key] = array
        return entry

    index: dict[str, Any] = {"shared": {}, "signatures": {}}
    for name, value in inputs.items():
        if isinstance(value, Mapping):
            index["signatures"][name] = {key: put(item) for key, item in value.items()}
        else:
            index["shared"][name] = put(value)
    path = folder / "given.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return {"index": index, "arrays": str(path)}


def _as_array(value: Any) -> np.ndarray[Any, Any]:
    """Return ``value`` as an array of numbers, or of dtype object that holds ``bytes``."""
    if isinstance(value, (bytes, str)):
        array = np.empty((), dtype=object)
        array[()] = value
    else:
        array = np.asarray(value)
        if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
            # NumPy's own strings would cut trailing zeros off
            array = np.array(value, dtype=object)
    if array.dtype.kind not in "OSU":
        if array.dtype.kind not in "biufc":
            raise TypeError(f"an input of dtype {array.dtype} cannot be fed")
        # a type such as bfloat16, which NumPy alone cannot read back, travels as float32
        return array if array.dtype.name in np.sctypeDict else array.astype(np.float32)
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        item = array[index]
        if isinstance(item, str):
            item = item.encode("utf-8")
        if not isinstance(item, bytes):
            raise TypeError(f"an input holds a {type(item).__name__}, which cannot be fed")
        result[index] = bytes(item)
    return result
