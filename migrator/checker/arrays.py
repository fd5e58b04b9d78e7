"""Arrays on their way to and from a worker process: ``.npz`` without pickle.

The format is the worker's: an index entry names the key, TensorFlow's dtype and the shape;
strings are stored as one array of bytes plus one of lengths.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Archive", "ArrayWriter", "Scaled", "Tensor"]


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

    def pieces(self, entry: Mapping[str, Any], items: int) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the values of a tensor of numbers in C order, ``items`` of them at a time.

        So two variables are compared that do not fit into memory together.

        Raises:
            ValueError: the file holds something else than the entry says.
        """
        with self._arrays.zip.open(f"{entry['key']}.npy") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(file)
            if dtype.hasobject or fortran or list(shape) != list(entry["shape"]):
                raise ValueError(f"the array {entry['key']} is not what its entry says")
            left = math.prod(shape)
            while left:
                count = min(left, items)
                data = file.read(count * dtype.itemsize)
                if len(data) != count * dtype.itemsize:
                    raise ValueError(f"the array {entry['key']} is cut off")
                yield np.frombuffer(data, dtype)
                left -= count


class Scaled(Archive):
    """The arrays of another archive, those of floats multiplied by a number."""

    def __init__(self, archive: Archive, factor: float) -> None:
        self._archive = archive
        self._factor = factor

    def tensor(self, entry: Mapping[str, Any]) -> Tensor:
        """Return the tensor that an index entry describes."""
        found = self._archive.tensor(entry)
        return Tensor(found.dtype, self._times(found.array))

    def pieces(self, entry: Mapping[str, Any], items: int) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the values of a tensor of numbers in C order, ``items`` of them at a time."""
        return map(self._times, self._archive.pieces(entry, items))

    def _times(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return array * array.dtype.type(self._factor) if array.dtype.kind == "f" else array


class ArrayWriter:
    """Write arrays for a worker to read, and return the index entry of each.

    It is a context manager: the file ``path`` is written when its block ends without an error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            np.savez(self.path, **self._arrays)  # type: ignore[arg-type]

    def put(self, value: Any) -> dict[str, Any]:
        """Take in an array-like value.

        Raises:
            TypeError: it holds something else than numbers, strings or bytes.
        """
        array = _as_array(value)
        key = f"g{len(self._arrays)}"
        entry = {"key": key, "dtype": array.dtype.name, "shape": list(array.shape)}
        if array.dtype.kind == "O":
            entry["dtype"] = "string"
            items = array.ravel()
            self._arrays[key] = np.frombuffer(b"".join(items), dtype=np.uint8)
            self._arrays[key + ".lengths"] = np.array([len(i) for i in items], dtype=np.int64)
        else:
            self._arrays[key] = array
        return entry


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
        # (where TensorFlow is imported, NumPy knows it by name, and still cannot)
        return array if array.dtype.type.__module__ == "numpy" else array.astype(np.float32)
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        item = array[index]
        if isinstance(item, str):
            item = item.encode("utf-8")
        if not isinstance(item, bytes):
            raise TypeError(f"an input holds a {type(item).__name__}, which cannot be fed")
        result[index] = bytes(item)
    return result
