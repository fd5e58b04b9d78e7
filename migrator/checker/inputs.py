"""What the user says about inputs → the fields of a worker's request."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from migrator.checker.arrays import ArrayWriter
from migrator.checker.files import InputSet, read_file

__all__ = ["input_fields"]


def input_fields(
    inputs: Any,
    ranges: Mapping[str, Sequence[float | None]] | None,
    choices: Mapping[str, Sequence[Any]] | None,
    folder: Path,
) -> dict[str, Any]:
    """Return the fields ``given``, ``ranges`` and ``choices`` of the before side's request.

    Args:
        inputs: a mapping of values, a path, or a list of these; None for none.
        ranges: input or feature to its lowest and highest value; None leaves an end open.
        choices: input or feature to the values that it may take.
        folder: where arrays are written for the worker to read.

    Raises:
        TypeError: a value is no array of numbers, strings or bytes.
        ValueError: a file cannot be used, or a range or a choice is empty.
    """
    fields: dict[str, Any] = {}
    sets = read_sets(inputs)
    if sets:
        fields["given"] = [
            entry for number, one in enumerate(sets) for entry in _request(one, folder, number)
        ]
    if ranges:
        fields["ranges"] = {name: _ends(name, ends) for name, ends in ranges.items()}
    if choices:
        with ArrayWriter(folder / "choices.npz") as writer:
            index = {name: writer.put(_options(name, many)) for name, many in choices.items()}
        fields["choices"] = {"index": index, "arrays": str(writer.path)}
    return fields


def read_sets(inputs: Any) -> list[InputSet]:
    """Return the sets of inputs, each with a label of its own.

    Raises:
        TypeError: it is neither a mapping nor a path.
        ValueError: a file cannot be used.
    """
    if inputs is None or (isinstance(inputs, Mapping) and not inputs):
        return []
    many = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    sets = []
    for one in many:
        if isinstance(one, Mapping):
            sets.append(_mapped(one))
        elif isinstance(one, (str, os.PathLike)):
            sets.append(read_file(one))
        else:
            kind = type(one).__name__
            raise TypeError(f"inputs are a mapping or a path, and a {kind} is neither")
    labels = [one.label for one in sets]
    taken: set[str] = set()
    for one in sets:
        if labels.count(one.label) > 1:
            one.label = one.file or "given"
        label, number = one.label, 1
        while one.label in taken:
            number += 1
            one.label = f"{label} ({number})"
        taken.add(one.label)
    return sets


def _mapped(values: Mapping[str, Any]) -> InputSet:
    """Return the set that a mapping of names, or of signature keys to such a one, describes."""
    made = InputSet()
    for name, value in values.items():
        if isinstance(value, Mapping):
            made.signatures[name] = dict(value)
        else:
            made.shared[name] = value
    return made


def _request(one: InputSet, folder: Path, number: int) -> list[dict[str, Any]]:
    """Return what the worker is told of a set; of a kept run, of each of its runs."""
    if one.runs:
        return _recorded(one)
    base: dict[str, Any] = {"label": one.label, "file": one.file, "text": one.text}
    if one.records:
        return [{**base, "records": one.records}]
    with ArrayWriter(folder / f"given{number}.npz") as writer:
        index: dict[str, Any] = {
            part: {name: writer.put(value) for name, value in getattr(one, part).items()}
            for part in ("shared", "default", "bare")
        }
        index["signatures"] = {
            key: {name: writer.put(value) for name, value in values.items()}
            for key, values in one.signatures.items()
        }
    return [{**base, "index": index, "arrays": str(writer.path)}]


def _recorded(one: InputSet) -> list[dict[str, Any]]:
    """Return the runs of a kept run, which has been checked, as sets of inputs."""
    path = Path(one.runs)
    found: dict[str, dict[str, Any]] = {}
    for item in json.loads(path.read_text(encoding="utf-8"))["inputs"]:
        entry = found.setdefault(
            item["regime"],
            {
                "label": item["regime"],
                "file": one.file,
                "index": {"signatures": {}},
                "arrays": str(path.with_suffix(".npz").resolve()),
                "extreme": bool(item.get("extreme")),
                "empty": bool(item.get("empty")),
            },
        )
        entry["index"]["signatures"][item["signature"]] = {
            **item["inputs"],
            **item.get("extra", {}),
        }
    return list(found.values())


def _ends(name: str, ends: Sequence[float | None]) -> list[float | None]:
    """Return the ends of a range as JSON has them.

    Raises:
        ValueError: they are not two numbers in order.
    """
    try:
        low, high = ends
    except (TypeError, ValueError):
        raise ValueError(f"the range of {name!r} has not two ends, but is {ends!r}") from None
    plain: list[float | None] = []
    for end in (low, high):
        if end is None or (isinstance(end, float) and math.isinf(end)):
            plain.append(None)
        elif isinstance(end, (int, np.integer)) and not isinstance(end, bool):
            plain.append(int(end))
        elif isinstance(end, (float, np.floating)) and not math.isnan(end):
            plain.append(float(end))
        else:
            raise ValueError(f"the range of {name!r} ends at {end!r}, which is no number")
    if plain[0] is not None and plain[1] is not None and plain[0] > plain[1]:
        raise ValueError(f"the range of {name!r} is empty: {plain[0]} is above {plain[1]}")
    if plain == [None, None]:
        raise ValueError(f"the range of {name!r} has no end")
    return plain


def _options(name: str, many: Sequence[Any]) -> Any:
    if isinstance(many, (str, bytes)):
        raise ValueError(f"the choices of {name!r} are one string: give a list of them")
    array = np.asarray(many)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"the choices of {name!r} are no list of values")
    return many if isinstance(many, np.ndarray) else list(many)
