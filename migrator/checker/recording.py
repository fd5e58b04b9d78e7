"""Runs kept on disk: written whole or not at all, read back as something untrusted.

A kept run is a folder::

    recording.json   format, kind of the before side, its path as it was spelled
    check.json       the ModelCheck, as the JSON report spells it
    inputs.json      the inputs of every signature and regime: an index into inputs.npz
    inputs.npz
    before/          what the before side answered: result.json, arrays.npz
    after/           what the after side answered
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.checker.sides import CannotOpen, Kind
from migrator.results import ModelCheck, to_json

__all__ = ["Recording", "damaged", "find_recording", "refuse_occupied", "save_run"]

FORMAT = 1
_MARK = "recording.json"

#: No answer of a worker is near this; more would only fill the memory of who reads it.
_MOST_JSON = 256 << 20
_MEMBER = re.compile(r"[A-Za-z0-9_.]{1,200}\.npy")


@dataclass(frozen=True)
class Recording:
    """The before side of a kept run."""

    root: Path
    folder: Path  #: holds arrays.npz of the before side
    inputs: Path  #: its inputs.json
    path: str  #: what the before side was, as its user spelled it
    kind: Kind
    answer: Mapping[str, Any]


def refuse_occupied(folder: Path) -> None:
    """Refuse a folder that a run cannot be kept in.

    Raises:
        ValueError: it is a file, or holds something.
    """
    try:
        if any(folder.iterdir()):
            raise ValueError(
                f"{folder} is not empty: name a new or an empty folder to keep the run in"
            )
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise ValueError(f"{folder} is a file: name a new or an empty folder") from None


def save_run(
    target: Path,
    before: Path,
    after: Path,
    *,
    inputs: Path,
    kind: Kind,
    path: str,
    request: Mapping[str, Any],
    found: ModelCheck,
) -> None:
    """Keep a run in ``target``, which appears when all of it is there.

    Args:
        target: new or empty folder.
        before: folder with the before side's ``result.json`` and ``arrays.npz``.
        after: likewise of the after side.
        inputs: the ``inputs.json`` that both were run on, beside its ``inputs.npz``; where
            there is none (checkpoints of variables), none is kept.
        kind: what the before side is.
        path: the before side's path.
        request: what was asked for, in words that JSON has.
        found: the comparison.

    Raises:
        ValueError: ``target`` has come to hold something meanwhile.
        OSError: it cannot be written.
    """
    refuse_occupied(target)
    target = Path(os.path.abspath(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        staging.chmod(0o777 & ~_umask())
        for role, folder in (("before", before), ("after", after)):
            (staging / role).mkdir()
            for name in ("result.json", "arrays.npz"):
                shutil.copyfile(folder / name, staging / role / name)
        for source in (inputs, inputs.with_suffix(".npz")):
            if source.exists():
                shutil.copyfile(source, staging / source.name)
        _write(staging / "check.json", to_json(found))
        mark = {"format": FORMAT, "kind": kind.value, "path": path, "request": dict(request)}
        _write(staging / _MARK, mark)
        if target.exists():
            target.rmdir()
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def find_recording(path: str | os.PathLike[str]) -> Recording | None:
    """Return the kept run in the folder ``path``; None when it holds none.

    Whoever wrote the folder is not trusted: nothing is unpickled, no file is followed out of
    the folder, and every array is as large as the file says.

    Raises:
        CannotOpen: it is damaged, or of a version that this one does not know.
    """
    root = Path(path)
    if not (root / _MARK).is_file():
        return None
    try:
        mark = _read(root / _MARK)
        if mark.get("format") != FORMAT:
            raise ValueError(f"its format is {mark.get('format')!r}, and this version reads 1")
        answer = _read(root / "before" / "result.json")
        _check_answer(answer)
        _check_arrays(root / "before" / "arrays.npz", _entries(answer))
        if (root / "inputs.json").exists():
            made = _read(root / "inputs.json")
            _check_inputs(made)
            _check_arrays(root / "inputs.npz", _entries(made))
        elif answer.get("runs"):
            raise ValueError("its inputs.json is missing")
        return Recording(
            root=root,
            folder=root / "before",
            inputs=root / "inputs.json",
            path=_text(mark, "path"),
            kind=Kind(mark.get("kind")),
            answer=answer,
        )
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise CannotOpen(damaged(root, error)) from None


def damaged(root: Path, what: object) -> str:
    """Return the sentence that says what is wrong with the kept run in ``root``."""
    return f"The kept run {root} cannot be used: {what}; keep the run again with --save."


def _read(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"its {path.name} is missing")
    if path.stat().st_size > _MOST_JSON:
        raise ValueError(f"its {path.name} is larger than {_MOST_JSON >> 20} MiB")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"its {path.name} does not parse ({error})") from None
    if not isinstance(data, dict):
        raise ValueError(f"its {path.name} holds no object")
    return data


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ValueError(f"it has no {key}")
    return value


def _check_answer(answer: Mapping[str, Any]) -> None:
    """Refuse an answer without the parts that a comparison reads.

    Raises:
        ValueError: a part is missing or of the wrong type.
    """
    if answer.get("status") != "ok":
        raise ValueError("its before side did not run")
    for key in ("python", "tensorflow"):
        _text(answer, key)
    ran = not {"signatures", "runs", "views"}.isdisjoint(answer)  # else a checkpoint's variables
    for key, kind in {"variables": list, "signatures": dict, "runs": list, "views": list}.items():
        needed = key == "variables" or ran
        if needed and not isinstance(answer.get(key), kind):
            raise ValueError(f"its result.json has no {key}")
    for run in answer.get("runs", []):
        for key in ("signature", "regime", "view"):
            if not isinstance(run, dict):
                raise ValueError("one of its runs is no object")
            _text(run, key)
    for entry in answer["variables"]:
        names = entry.get("names") if isinstance(entry, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("one of its variables has no names")
        if not names:
            raise ValueError("one of its variables has no names")


def _check_inputs(made: Mapping[str, Any]) -> None:
    items = made.get("inputs")
    if not isinstance(items, list):
        raise ValueError("its inputs.json lists no inputs")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("inputs"), dict):
            raise ValueError("its inputs.json lists something else than inputs")
        for key in ("signature", "regime"):
            _text(item, key)


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every index entry of an array in ``value``."""
    if isinstance(value, dict):
        if {"key", "dtype", "shape"} <= set(value):
            yield value
        else:
            for item in value.values():
                yield from _entries(item)
    elif isinstance(value, list):
        for item in value:
            yield from _entries(item)


def _check_arrays(path: Path, entries: Iterator[Mapping[str, Any]]) -> None:
    """Refuse an archive that is not one of ours, whole, and as the entries say.

    Raises:
        ValueError: what is wrong with it.
        zipfile.BadZipFile: it is no archive, or a checksum does not agree.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"its {path.name} is missing")
    size = path.stat().st_size
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            stored = member.compress_type == zipfile.ZIP_STORED
            if not stored or member.file_size != member.compress_size or member.file_size > size:
                raise ValueError(f"its {path.name} holds {member.filename!r}, which is compressed")
            if not _MEMBER.fullmatch(member.filename) or member.filename in sizes:
                raise ValueError(f"its {path.name} holds a member called {member.filename!r}")
            sizes[member.filename] = member.file_size
        if sum(sizes.values()) > size:
            raise ValueError(f"its {path.name} holds members that overlap")
        broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"the checksum of {broken} in its {path.name} does not agree")
    for entry in entries:
        _check_entry(path, entry, sizes)


def _check_entry(path: Path, entry: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    key, dtype, shape = entry["key"], entry["dtype"], entry["shape"]
    if not isinstance(key, str) or not isinstance(dtype, str) or not isinstance(shape, list):
        raise ValueError(f"its index of {path.name} has a wrong entry")
    if not all(isinstance(dim, int) and dim >= 0 for dim in shape):
        raise ValueError(f"its index of {path.name} has the shape {shape}")
    for name in [key] + ([key + ".lengths"] if dtype == "string" else []):
        if name + ".npy" not in sizes:
            raise ValueError(f"its {path.name} has no array {name}")
    count = 1
    for dim in shape:
        count *= dim
    holder = sizes[(key + ".lengths" if dtype == "string" else key) + ".npy"]
    if count > holder:  # at least one byte per element
        raise ValueError(f"its {path.name} is too small for the shape {shape}")
