"""Keras models in one file, read without Keras: what is in it, and what it would read."""

import importlib
import json
import zipfile
import zlib
from typing import Any, Optional, Tuple

from .common import CannotOpen, cannot_open, what_failed

#: What the zip file module raises on a damaged archive; RuntimeError stands for a compression
#: and an encryption that it does not know.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    OSError,
    EOFError,
    RuntimeError,
)

#: A configuration larger than this is none.
MOST_CONFIG = 64 << 20


def read_zip(path: str, memory: Optional[int]) -> Tuple[Any, str]:
    """Return the configuration of a ``.keras`` file and the version of Keras that wrote it.

    Raises:
        CannotOpen: a member is missing, damaged, or has a name that leads out of the archive, or
            together they are larger than the memory that the process may hold.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                name = member.filename.replace("\\", "/")
                if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
                    raise CannotOpen("its member %r leads out of the archive" % member.filename)
                if (member.external_attr >> 16) & 0o170000 == 0o120000:
                    raise CannotOpen("its member %r is a link" % member.filename)
            total = sum(member.file_size for member in members)
            if memory and total > memory:
                raise CannotOpen("its members take %d bytes, more than the memory limit" % total)
            broken = archive.testzip()
            if broken is not None:
                raise CannotOpen(
                    "it is damaged: the checksum of its member %r is wrong" % broken,
                    "write it again, or copy it again from where it is whole",
                )
            config = json.loads(read_member(archive, "config.json"))
            if isinstance(config, dict):
                config.pop("compile_config", None)  # loaded without its losses and optimizer
            metadata = json.loads(read_member(archive, "metadata.json"))
    except UNREADABLE as error:
        cut = isinstance(error, zipfile.BadZipFile)
        said = "it is damaged or cut off" if cut else what_failed(error)
        raise CannotOpen("it is no Keras archive: %s" % said)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return config, str(version or "unknown")


def read_member(archive: zipfile.ZipFile, name: str) -> str:
    """Return the text of one member."""
    with archive.open(name) as file:
        data = file.read(MOST_CONFIG + 1)
    if len(data) > MOST_CONFIG:
        raise ValueError("%s is too large" % name)
    return data.decode("utf-8")


def read_hdf5(path: str, memory: Optional[int]) -> Tuple[Any, str]:
    """Return the configuration of an HDF5 file and the version of Keras that wrote it.

    Raises:
        CannotOpen: it is damaged, holds weights only, refers to other files, or its arrays are
            larger than the memory that the process may hold.
    """
    try:
        h5py = importlib.import_module("h5py")
    except Exception as error:
        raise CannotOpen(
            "HDF5 files need h5py, which does not import: %s" % what_failed(error),
            "pip install h5py beside this TensorFlow ('h5py<3' for TensorFlow before 2.4)",
        )
    try:
        with h5py.File(path, "r") as file:
            refuse_foreign(h5py, file, memory)
            config = file.attrs.get("model_config")
            version = file.attrs.get("keras_version", b"unknown")
    except CannotOpen:
        raise
    except Exception as error:
        raise cannot_open("it is a damaged HDF5 file", error)
    if config is None:
        raise CannotOpen(
            "it holds weights only and no model",
            "give the file that model.save wrote, not the one of save_weights",
        )
    try:
        parsed = json.loads(config.decode("utf-8") if isinstance(config, bytes) else config)
    except ValueError as error:
        raise CannotOpen("its model_config does not parse: %s" % what_failed(error))
    return parsed, version.decode("utf-8") if isinstance(version, bytes) else str(version)


def refuse_foreign(h5py: Any, file: Any, memory: Optional[int]) -> None:
    """Refuse an HDF5 file that reads other files, or that unpacks into more than the limit."""
    total = 0
    groups = [file]
    seen = set()
    while groups:
        group = groups.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise CannotOpen("it links to the file %s" % str(link.filename)[:100])
            if not isinstance(link, h5py.HardLink):
                continue
            item = group[name]
            if item.id in seen:
                continue
            seen.add(item.id)
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset):
                if item.external or getattr(item, "is_virtual", False):
                    raise CannotOpen("its array %s lies in another file" % item.name)
                total += int(item.size) * item.dtype.itemsize
    if memory and total > memory:
        raise CannotOpen("its arrays take %d bytes, more than the memory limit" % total)
