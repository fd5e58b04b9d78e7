"""Which kind of model a path holds, and which interpreter opens it."""

from __future__ import annotations

import enum
import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CannotOpen", "Kind", "Pairing", "Side", "find_side", "interpreter", "pair"]

#: The last eight bytes of a table file, which an ``.index`` file and a V1 checkpoint are.
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
#: The first bytes of an HDF5 file, and of a zip file, which a ``.keras`` file is.
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ZIP_MAGIC = b"PK\x03\x04"
_KERAS_ENDINGS = (".keras", ".h5", ".hdf5", ".hdf")
_GRAPH_ENDINGS = (".pb", ".pbtxt", ".graphdef")
_SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


class CannotOpen(Exception):
    """A side cannot be opened at all, so there is nothing to compare.

    The message is one sentence that names the path (or the interpreter) and what to do.
    """


class Kind(enum.Enum):
    """What a path holds; the values are the worker's words."""

    SAVED_MODEL = "savedmodel"  #: a directory, also that of a TensorFlow 1 Hub module
    META_GRAPH = "metagraph"  #: a checkpoint prefix with a ``.meta`` file: graph and values
    CHECKPOINT = "checkpoint"  #: a checkpoint prefix without: values only
    FROZEN_GRAPH = "graphdef"  #: a GraphDef file, whose variables became constants
    KERAS = "keras"  #: a Keras model in one file: ``.keras``, or HDF5

    @property
    def title(self) -> str:
        """The kind in TensorFlow's words."""
        return _TITLES[self]

    @property
    def noun(self) -> str:
        """The title with its article."""
        return f"a {self.title}"

    @property
    def signed(self) -> bool:
        """Whether it has signatures of its own."""
        return self is Kind.SAVED_MODEL

    @property
    def runnable(self) -> bool:
        """Whether it has a graph, so that outputs can be compared."""
        return self is not Kind.CHECKPOINT


_TITLES = {
    Kind.SAVED_MODEL: "SavedModel",
    Kind.META_GRAPH: "checkpoint with a meta graph",
    Kind.CHECKPOINT: "checkpoint",
    Kind.FROZEN_GRAPH: "frozen graph",
    Kind.KERAS: "Keras model",
}


@dataclass(frozen=True)
class Side:
    """One of the two models to compare."""

    role: str  #: ``before`` or ``after``
    path: str  #: as the user spelled it
    kind: Kind
    python: str  #: absolute path of the interpreter


_DESCRIBED, _NAMES = "described.json", "names.json"


@dataclass(frozen=True)
class Pairing:
    """What can be compared of two sides."""

    kinds: tuple[Kind, Kind]  #: how each side is opened: its graph is left alone if unneeded
    runs: bool  #: outputs are compared; otherwise variables only
    names_decide: bool  #: every variable's name counts, as for the next restore of a checkpoint
    superset: bool  #: the before side holds what training needs as well: more of it informs
    peers: tuple[str | None, str | None]  #: the file of the other side that each one awaits


def pair(before: Side, after: Side) -> Pairing:
    """Return what can be compared of two sides.

    Two models with a graph are compared by their outputs, and by their variables where both
    have some.  Of a checkpoint without a ``.meta`` file only the variables can be compared.  A
    side without signatures awaits the other's; of two such sides the before one awaits only the
    names of the other's tensors, so that they never wait for each other.

    Raises:
        CannotOpen: they have nothing in common that could be compared.
    """
    old, new = before.kind, after.kind
    checkpoints = {Kind.CHECKPOINT, Kind.META_GRAPH}
    runs = old.runnable and new.runnable
    for bare, other in ((before, after), (after, before)):
        if bare.kind is Kind.CHECKPOINT and other.kind is Kind.FROZEN_GRAPH:
            raise CannotOpen(
                f"The {bare.role} side {bare.path} is {bare.kind.noun} without a .meta file and "
                f"the {other.role} side {other.path} is {other.kind.noun}, whose variables are "
                "constants, so they have nothing in common to compare: "
                "put the .meta file of the checkpoint beside it."
            )
    kinds = old, new
    if not runs:
        # without outputs to compare, a meta graph only tells what training made of the variables
        demoted = [Kind.CHECKPOINT if kind is Kind.META_GRAPH else kind for kind in kinds]
        kinds = demoted[0], demoted[1]
    return Pairing(
        kinds=kinds,
        runs=runs,
        names_decide=old in checkpoints and new in checkpoints,
        superset=old in checkpoints and new not in checkpoints,
        peers=(
            None if old.signed or not runs else _DESCRIBED if new.signed else _NAMES,
            None if new.signed or not runs else _DESCRIBED,
        ),
    )


def find_side(role: str, path: str | os.PathLike[str], python: str | None) -> Side:
    """Return what ``path`` holds and who opens it.

    Raises:
        CannotOpen: there is no model at ``path``, or ``python`` is no interpreter.
    """
    text = os.fspath(path)
    kind = _kind(role, text)
    named = f"The {role} side's interpreter"
    return Side(role, text, kind, interpreter(python, named, f"--{role}-python", "TensorFlow"))


def interpreter(python: str | None, named: str, option: str, holds: str) -> str:
    """Return the path of an interpreter, ours for None.

    Args:
        python: its path or name.
        named: what it is called in the message.
        option: what names it on the command line.
        holds: what it has to have.

    Raises:
        CannotOpen: there is none of that name.
    """
    if python is None:
        return sys.executable
    found = shutil.which(os.path.expanduser(python))
    if found is None:
        raise CannotOpen(
            f"{named} {python} does not exist or is not executable: "
            f"give {option} the path of a Python that has {holds}."
        )
    return os.path.abspath(found)


def _kind(role: str, text: str) -> Kind:
    path = Path(text)
    if path.is_dir():
        _refuse_irregular(role, text, _files_of(path))
        if any((path / name).is_file() for name in _SAVED_MODEL_FILES):
            return Kind.SAVED_MODEL
        if not Path(text + ".index").is_file():
            raise CannotOpen(_directory_without_model(role, path))
    graph = Path(text + ".meta").is_file()
    if Path(text + ".index").is_file():
        _check_shards(role, text)
        return Kind.META_GRAPH if graph else Kind.CHECKPOINT
    if path.is_file():
        return _file_kind(role, path, graph)
    _refuse_irregular(role, text, [path])
    raise CannotOpen(_no_model(role, path))


def _files_of(folder: Path) -> list[Path]:
    """Return the files of a SavedModel that are read when it is opened, whatever they are."""
    found = [folder / name for name in _SAVED_MODEL_FILES]
    for name in ("variables", "assets"):
        for parent, _, files in os.walk(folder / name):
            found += [Path(parent, file) for file in sorted(files)]
    return found


def _refuse_irregular(role: str, text: str, files: list[Path]) -> None:
    """Refuse a model of which a file is a pipe or a device, whose reader would wait for ever.

    A link to a regular file is one; a name that is not there is left to others.
    """
    for file in files:
        if not os.path.lexists(file):
            continue
        what = _irregular(file)
        if what:
            whose = "" if str(file) == text else f" holds {file}, which"
            raise CannotOpen(
                f"The {role} side {text}{whose} is {what}: "
                "a model consists of regular files, so put the file itself there."
            )


def _irregular(file: Path) -> str:
    """Return what a path is that is no regular file and no folder, in words."""
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return "a link that leads nowhere" if file.is_symlink() else ""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    return next((word for test, word in kinds if test(mode)), "a device")


def _file_kind(role: str, path: Path, graph: bool) -> Kind:
    """Return what a single file holds, by its first and last bytes and by its ending."""
    with path.open("rb") as file:
        head = file.read(len(_HDF5_MAGIC))
    ending = path.suffix.lower()
    if ending in (".index", ".meta") or re.fullmatch(r"\.data-\d{5}-of-\d{5}", ending):
        raise CannotOpen(_no_model(role, path))
    if not head:
        raise CannotOpen(f"The {role} side {path} is empty: write the model again.")
    if head == _HDF5_MAGIC or (ending == ".keras" and head.startswith(_ZIP_MAGIC)):
        return Kind.KERAS
    if _is_table(path):  # written by a Saver of write version V1
        return Kind.META_GRAPH if graph else Kind.CHECKPOINT
    if ending in _KERAS_ENDINGS:
        wanted = "a zip file nor an HDF5 file" if ending == ".keras" else "an HDF5 file"
        neither = "neither " if ending == ".keras" else "not "
        raise CannotOpen(
            f"The {role} side {path} is {neither}{wanted}, as a Keras model would be: "
            "write the model again."
        )
    if path.name in _SAVED_MODEL_FILES:
        raise CannotOpen(
            f"The {role} side {path} is one file of a SavedModel: pass its directory {path.parent}."
        )
    if ending in _GRAPH_ENDINGS:
        # a SavedModel begins with its schema version, a varint; a GraphDef with a node
        if ending == ".pb" and head.startswith(b"\x08\x01\x12"):
            raise CannotOpen(
                f"The {role} side {path} is a SavedModel, not a frozen graph: pass the directory "
                "that holds it under the name saved_model.pb, with its variables."
            )
        return Kind.FROZEN_GRAPH
    raise CannotOpen(_no_model(role, path))


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() < len(_TABLE_MAGIC):
            return False
        file.seek(-len(_TABLE_MAGIC), os.SEEK_END)
        return file.read() == _TABLE_MAGIC


def _check_shards(role: str, prefix: str) -> None:
    """Refuse a prefix whose data files are not all there, or are no files."""
    folder, name = os.path.split(prefix)
    shards = []
    for entry in os.listdir(folder or "."):
        if entry.startswith(name + ".data-"):
            numbers = re.fullmatch(r"(\d{5})-of-(\d{5})", entry[len(name) + 6 :])
            if numbers:
                shards.append((int(numbers[1]), int(numbers[2])))
                _refuse_irregular(role, prefix, [Path(folder, entry)])
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
    if stem != text and path.is_file():
        return (
            f"The {role} side {text} is one file of a checkpoint whose {stem}.index is missing: "
            "copy all files that begin with the prefix, and pass the prefix."
        )
    if path.exists():
        return (
            f"The {role} side {text} is no model: pass the directory that holds saved_model.pb, "
            "a checkpoint prefix (the path of its .index file without .index), a frozen graph "
            "(.pb, .pbtxt) or a Keras model (.keras, .h5)."
        )
    return (
        f"The {role} side {text} does not exist: pass a SavedModel directory, a checkpoint "
        "prefix (the path of its .index file without .index), a frozen graph (.pb, .pbtxt) "
        "or a Keras model (.keras, .h5)."
    )


def _directory_without_model(role: str, path: Path) -> str:
    start = f"The {role} side {path} is a directory without saved_model.pb"
    versions = sorted(
        str(child)
        for child in path.iterdir()
        if any((child / name).is_file() for name in _SAVED_MODEL_FILES)
    )
    if versions:
        return f"{start}, but {versions[-1]} holds a SavedModel: pass that directory."
    prefixes = sorted(str(child)[: -len(".index")] for child in path.glob("*.index"))
    if prefixes:
        return (
            f"{start}, but it holds checkpoints: pass a checkpoint prefix such as {prefixes[-1]}."
        )
    endings = (*_KERAS_ENDINGS, *_GRAPH_ENDINGS)
    files = sorted(str(child) for child in path.iterdir() if child.suffix.lower() in endings)
    if files:
        return f"{start}, but it holds {files[-1]}: pass that file."
    return f"{start} and without checkpoints: pass the directory that the export wrote."
