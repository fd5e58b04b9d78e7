"""Which kind of model a path holds, and which interpreter opens it."""

from __future__ import annotations

import enum
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CannotOpen", "Kind", "Side", "find_side"]

#: The last eight bytes of a table file, which an ``.index`` file and a V1 checkpoint are.
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")


class CannotOpen(Exception):
    """A side cannot be opened at all, so there is nothing to compare.

    The message is one sentence that names the path (or the interpreter) and what to do.
    """


class Kind(enum.Enum):
    """What a path holds; the values are the worker's words."""

    SAVED_MODEL = "savedmodel"
    CHECKPOINT = "checkpoint"

    @property
    def noun(self) -> str:
        """The kind in TensorFlow's words, with its article."""
        return {"savedmodel": "a SavedModel", "checkpoint": "a checkpoint"}[self.value]


@dataclass(frozen=True)
class Side:
    """One of the two models to compare."""

    role: str  #: ``before`` or ``after``
    path: str  #: as the user spelled it
    kind: Kind
    python: str  #: absolute path of the interpreter


def find_side(role: str, path: str | os.PathLike[str], python: str | None) -> Side:
    """Return what ``path`` holds and who opens it.

    Raises:
        CannotOpen: there is no model at ``path``, or ``python`` is no interpreter.
    """
    text = os.fspath(path)
    return Side(role, text, _kind(role, text), _interpreter(role, python))


def _interpreter(role: str, python: str | None) -> str:
    if python is None:
        return sys.executable
    found = shutil.which(os.path.expanduser(python))
    if found is None:
        raise CannotOpen(
            f"The {role} side's interpreter {python} does not exist or is not executable: "
            f"give --{role}-python the path of a Python that has TensorFlow."
        )
    return os.path.abspath(found)


def _kind(role: str, text: str) -> Kind:
    path = Path(text)
    if path.is_dir():
        if (path / "saved_model.pb").is_file() or (path / "saved_model.pbtxt").is_file():
            return Kind.SAVED_MODEL
        if not Path(text + ".index").is_file():
            raise CannotOpen(_directory_without_model(role, path))
    if Path(text + ".index").is_file():
        _check_shards(role, text)
        return Kind.CHECKPOINT
    if path.is_file() and _is_table(path) and path.suffix != ".index":
        return Kind.CHECKPOINT  # written by a Saver of write version V1
    raise CannotOpen(_no_model(role, path))


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() < len(_TABLE_MAGIC):
            return False
        file.seek(-len(_TABLE_MAGIC), os.SEEK_END)
        return file.read() == _TABLE_MAGIC


def _check_shards(role: str, prefix: str) -> None:
    """Refuse a prefix whose data files are not all there."""
    folder, name = os.path.split(prefix)
    shards = []
    for entry in os.listdir(folder or "."):
        if entry.startswith(name + ".data-"):
            numbers = re.fullmatch(r"(\d{5})-of-(\d{5})", entry[len(name) + 6 :])
            if numbers:
                shards.append((int(numbers[1]), int(numbers[2])))
    total = max((count for _, count in shards), default=1)
    for number in range(total):
        if (number, total) not in shards:
            lost = f"{prefix}.data-{number:05d}-of-{total:05d}"
            raise CannotOpen(
                f"The {role} side {prefix} is a checkpoint whose file {lost} is missing: "
                "copy all files that begin with the prefix."
            )


def _no_model(role: str, path: Path) -> str:
    text = str(path)
    stem = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", text)
    if stem != text and Path(stem + ".index").is_file():
        return f"The {role} side {text} is one file of a checkpoint: pass the prefix {stem}."
    if path.exists():
        return (
            f"The {role} side {text} is neither a SavedModel directory nor a checkpoint prefix: "
            "pass the directory that holds saved_model.pb, or the prefix before .index."
        )
    return (
        f"The {role} side {text} does not exist: pass a SavedModel directory, or a checkpoint "
        f"prefix (the path of its .index file without .index)."
    )


def _directory_without_model(role: str, path: Path) -> str:
    start = f"The {role} side {path} is a directory without saved_model.pb"
    versions = sorted(
        str(child)
        for child in path.iterdir()
        if (child / "saved_model.pb").is_file() or (child / "saved_model.pbtxt").is_file()
    )
    if versions:
        return f"{start}, but {versions[-1]} holds a SavedModel: pass that directory."
    prefixes = sorted(str(child)[: -len(".index")] for child in path.glob("*.index"))
    if prefixes:
        return (
            f"{start}, but it holds checkpoints: pass a checkpoint prefix such as {prefixes[-1]}."
        )
    return f"{start} and without checkpoints: pass the directory that the export wrote."
