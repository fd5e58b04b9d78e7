"""Files that hold inputs for models: ``.npz``, ``.json``, ``.csv``, ``.tfrecord``, kept runs.

Each file is one set of inputs.  What its values mean for the model is decided by the worker,
which knows the signatures; TFRecord files are read there, too, as reading them takes TensorFlow.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["InputSet", "read_file"]

Array = np.ndarray[Any, Any]

ENDINGS = ".npz, .json, .csv, .tfrecord(s) or .tfrecord(s).gz"

#: ``x[0][1]`` and ``x.0.1`` are components of ``x``.
_COMPONENT = re.compile(r"(.+?)((?:\[\d+\])+|(?:\.\d+)+)")

#: Fields of a request to TensorFlow Serving's REST API that hold no input.
_SERVING = {"instances", "inputs", "signature_name"}


@dataclass
class InputSet:
    """One set of inputs, before it is known which signature takes which.

    Attributes:
        label: what the regime is called.
        file: the file as the user spelled it; empty for values given in Python.
        shared: name (or ``key/name``, or ``tensor:0``) to array.
        signatures: signature key to name to array.
        default: name to array, for the signature that serves where a request names none.
        bare: the value of a signature's only input, by its key; by "" where none is named.
        text: numbers are spelled as text, as in a table.
        records: path of a TFRecord file, read by the worker.
        runs: path of the ``inputs.json`` of a kept run.
    """

    label: str = ""
    file: str = ""
    shared: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, dict[str, Any]] = field(default_factory=dict)
    default: dict[str, Any] = field(default_factory=dict)
    bare: dict[str, Any] = field(default_factory=dict)
    text: bool = False
    records: str = ""
    runs: str = ""


def read_file(path: str | os.PathLike[str]) -> InputSet:
    """Return the inputs in a file, or in the folder of a kept run.

    Raises:
        ValueError: the file is missing, damaged, or of a kind that is not read.  The message
            is one sentence that begins with the path.
    """
    file = Path(path)
    made = InputSet(label=file.name or str(file), file=str(path))
    name = file.name.lower()
    if file.is_dir():
        return _read_run(file, made)
    if not file.is_file():
        raise ValueError(f"{path} does not exist: name a file of inputs ({ENDINGS})")
    if re.search(r"\.tfrecords?(\.gz)?$", name):
        made.records = str(file.resolve())
        return made
    readers = {".npz": _read_npz, ".json": _read_json, ".csv": _read_csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        ending = file.suffix or "nothing"
        raise ValueError(f"{path} ends in {ending}: inputs are read from {ENDINGS}")
    try:
        reader(file, made)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except _Wrong as error:
        raise ValueError(f"{path} {error}") from None
    return made


class _Wrong(Exception):
    """Say what is wrong with a file; the path is put before it."""


def _read_run(folder: Path, made: InputSet) -> InputSet:
    from migrator.checker.recording import find_recording
    from migrator.checker.sides import CannotOpen

    try:
        recording = find_recording(folder)
    except CannotOpen as error:
        raise ValueError(str(error)) from None
    if recording is None:
        raise ValueError(f"{folder} is a folder and no kept run: name a file of inputs ({ENDINGS})")
    if not recording.inputs.exists():
        raise ValueError(f"{folder} keeps no inputs: its models ran on none")
    made.runs = str(recording.inputs)
    return made


def _read_npz(file: Path, made: InputSet) -> None:
    """Read arrays whose keys are input names, or ``signature/input``."""
    if not zipfile.is_zipfile(file):
        raise _Wrong("is no .npz file: write one with numpy.savez(path, x=...)")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            for name in arrays.files:
                made.shared[name] = arrays[name]
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if "pickle" in str(error):
            raise _Wrong("holds Python objects: save strings as arrays of dtype S or U") from None
        raise _Wrong(f"is no .npz file: {error}") from None
    if not made.shared:
        raise _Wrong("holds no array")


# -- JSON ------------------------------------------------------------------------------------


def _read_json(file: Path, made: InputSet) -> None:
    """Read values by input, by signature and input, or a request to TensorFlow Serving."""
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise _Wrong(f"is no JSON: {error}") from None
    except RecursionError:
        raise _Wrong("is nested too deeply") from None
    if not isinstance(data, dict) or not data:
        raise _Wrong('holds no object such as {"x": [[1.0, 2.0]]}')
    if set(data) <= _SERVING and ("instances" in data) != ("inputs" in data):
        _read_request(data, made)
        return
    for name, value in data.items():
        if isinstance(value, dict) and set(value) != {"b64"}:
            made.signatures[name] = {key: as_array(item, key) for key, item in value.items()}
        else:
            made.shared[name] = as_array(value, name)


def _read_request(data: Mapping[str, Any], made: InputSet) -> None:
    """Read a body of the predict API, in row or in column format."""
    key = data.get("signature_name", "")
    if not isinstance(key, str):
        raise _Wrong("has a signature_name that is no string")
    if "inputs" in data:
        values = data["inputs"]
        columns = values if isinstance(values, dict) and set(values) != {"b64"} else None
    else:
        rows = data["instances"]
        if not isinstance(rows, list) or not rows:
            raise _Wrong('has no list of "instances"')
        values, columns = rows, None
        if isinstance(rows[0], dict) and set(rows[0]) != {"b64"}:
            columns = _columns(rows)
    if columns is None:
        made.bare[key] = as_array(values, "instances" if "instances" in data else "inputs")
        return
    arrays = {name: as_array(value, name) for name, value in columns.items()}
    if key:
        made.signatures[key] = arrays
    else:
        made.default = arrays


def _columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Return instances, one object per example, as one list per input."""
    names = list(rows[0])
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(names):
            raise _Wrong(f"has instances of different inputs: number {number + 1} is another")
    return {name: [row[name] for row in rows] for name in names}


def as_array(value: Any, name: str) -> Array:
    """Return a JSON value as an array of numbers, bools, or (dtype object) bytes.

    Raises:
        _Wrong: the lists are of different lengths, or hold different kinds of things.
    """
    leaves: list[Any] = []
    shape = _shape(value, name, leaves, 0)
    kinds = {_kind(leaf) for leaf in leaves}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    if len(kinds) > 1:
        raise _Wrong(f"mixes {' and '.join(sorted(kinds))} in {name!r}")
    kind = kinds.pop() if kinds else "number"
    if kind == "nothing":
        raise _Wrong(f"has a null or an object in {name!r}, which is no value of a tensor")
    if kind == "string":
        array = np.empty(len(leaves), dtype=object)
        array[:] = leaves
    elif kind == "integer":
        if any(not -(1 << 63) <= leaf < 1 << 64 for leaf in leaves):
            raise _Wrong(f"has an integer of more than 64 bits in {name!r}")
        array = np.array(leaves, np.uint64 if max(leaves) >= 1 << 63 else np.int64)
    else:
        array = np.array(leaves, np.bool_ if kind == "bool" else np.float64)
    return array.reshape(shape)


def _kind(leaf: Any) -> str:
    if isinstance(leaf, bool):
        return "bool"
    if isinstance(leaf, int):
        return "integer"
    if isinstance(leaf, float):
        return "number"
    return "string" if isinstance(leaf, bytes) else "nothing"


def _shape(value: Any, name: str, leaves: list[Any], depth: int) -> tuple[int, ...]:
    """Return the shape of nested lists, and add what they hold to ``leaves``."""
    if isinstance(value, list) and depth < 32:
        shapes = {_shape(item, name, leaves, depth + 1) for item in value}
        if len(shapes) > 1:
            raise _Wrong(f"has lists of different lengths in {name!r}: a tensor has none")
        return (len(value), *(shapes.pop() if shapes else ()))
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            leaves.append(base64.b64decode(value["b64"], validate=True))
        except (binascii.Error, ValueError, TypeError):
            raise _Wrong(f"has a b64 in {name!r} that is no base64") from None
    else:
        leaves.append(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)
    return ()


# -- CSV -------------------------------------------------------------------------------------


def _read_csv(file: Path, made: InputSet) -> None:
    """Read a table: a column per input or component of one, a row per example."""
    text = file.read_bytes().decode("utf-8-sig", "surrogateescape")
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    try:
        rows = [(reader.line_num, row) for reader, row in _rows(text)]
    except csv.Error as error:
        raise _Wrong(f"is no CSV: {error}") from None
    if not rows:
        raise _Wrong("is empty: its first row names the inputs")
    header = [name.strip() for name in rows[0][1]]
    if len(rows) == 1:
        raise _Wrong("has a header and no example")
    if "" in header or len(set(header)) != len(header):
        raise _Wrong("has a header with an empty or a repeated name")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise _Wrong(f"has {len(row)} values in line {line} and {len(header)} names")
    made.text = True
    count = len(rows) - 1
    for name, places in _groups(header).items():
        shape = [
            1 + max(place[axis] for place in places) for axis in range(len(next(iter(places))))
        ]
        array = np.empty([count, *shape], dtype=object)
        for place, column in places.items():
            cells = [row[column].encode("utf-8", "surrogateescape") for _, row in rows[1:]]
            for number, cell in enumerate(cells):
                array[(number, *place)] = cell
        made.shared[name] = array


def _rows(text: str) -> Iterator[tuple[Any, list[str]]]:
    """Yield (reader, row) for all rows that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for row in reader:
        if row:
            yield reader, row


def _groups(header: Sequence[str]) -> dict[str, dict[tuple[int, ...], int]]:
    """Return input name to the columns of its components, by index; () is a column of its own."""
    found: dict[str, dict[tuple[int, ...], int]] = {}
    for column, title in enumerate(header):
        match = _COMPONENT.fullmatch(title)
        name = match[1] if match else title
        place = tuple(int(digits) for digits in re.findall(r"\d+", match[2])) if match else ()
        found.setdefault(name, {})[place] = column
    for name, places in found.items():
        depths = {len(place) for place in places}
        size = 1
        if len(depths) == 1:
            for axis in range(depths.pop()):
                size *= 1 + max(place[axis] for place in places)
        if size != len(places):
            raise _Wrong(f"lacks some of the components of {name!r} (they are counted from 0)")
    return found
