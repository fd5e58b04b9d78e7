"""Read the user's Python files so that what is written back is exact to the byte.

:func:`read` turns bytes into a :class:`Source`, whose ``encode`` is the inverse of the decoding;
:func:`may_hold_saving_code` tells from the bytes alone which files are worth parsing.  Imports the
standard library only, and of that only what is quick to import.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

TYPE_CHECKING = False  # typing.TYPE_CHECKING costs the import of typing
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = [
    "MAX_BYTES",
    "MAX_NOTEBOOK_BYTES",
    "Source",
    "SourceError",
    "Value",
    "is_notebook",
    "kind_of",
    "may_hold_saving_code",
    "printable",
    "read",
    "read_bytes",
    "relative_name",
    "why_unread",
]

#: Largest file that is read; nobody writes 20 MB of Python by hand.
MAX_BYTES = 20_000_000

#: Largest notebook that is read; pictures of its outputs are inside.
MAX_NOTEBOOK_BYTES = 500_000_000


def printable(name: str | os.PathLike[str]) -> str:
    r"""Return a file name that any terminal, report or log line can show on one line.

    What is not printable, bytes that are not UTF-8 among it, becomes an escape such as ``\n``.
    """
    text = os.fspath(name)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def relative_name(path: str, root: str) -> str:
    """Return the posix path of an absolute path from an absolute root."""
    prefix = root if root.endswith(os.sep) else root + os.sep
    inside = path[len(prefix) :] if path.startswith(prefix) else os.path.relpath(path, root)
    return inside.replace(os.sep, "/")


class SourceError(Exception):
    """A file that cannot be read or written, and one sentence (without its name) why."""

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(os.fspath(path), reason)
        self.path = Path(path)
        self.reason = reason

    def __str__(self) -> str:
        return f"{printable(self.path)}: {self.reason}"


class Value:
    """Fields that are set once, compared, printed and pickled.

    A frozen dataclass does the same, but importing ``dataclasses`` takes longer than all of
    this module.
    """

    __slots__: tuple[str, ...] = ()

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def _set(self, *fields: Any) -> None:
        for name, value in zip(self.__slots__, fields, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and isinstance(other, Value)
            and self._fields() == other._fields()
        )

    def __hash__(self) -> int:
        return hash(self._fields())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._fields()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({shown})"


# PEP 263 asks for the first two lines, the second only after a blank or comment line.
_COOKIE = re.compile(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
_NO_CODE = re.compile(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)")

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_PLAIN = bytes(byte for byte in range(32, 127) if byte != 0x5C)


class Source(Value):
    """A file as it was read: ``encode(text)`` gives back exactly ``raw``.

    ``path`` is absolute, ``relative`` the posix path from the root, ``text`` is decoded with the
    newlines of the file and without a byte-order mark, ``encoding`` a codec name of Python
    (``utf-8-sig`` when the file starts with a byte-order mark).
    """

    __slots__ = ("path", "relative", "raw", "text", "encoding")  # noqa: RUF023 - field order

    path: Path
    relative: str
    raw: bytes
    text: str
    encoding: str

    def __init__(self, path: Path, relative: str, raw: bytes, text: str, encoding: str) -> None:
        self._set(path, relative, raw, text, encoding)

    @property
    def name(self) -> str:
        """The relative path as reports show it: printable, on one line, valid UTF-8."""
        return printable(self.relative)

    @classmethod
    def of(cls, path: str | os.PathLike[str], root: str | os.PathLike[str], raw: bytes) -> Source:
        """Decode bytes that :func:`read_bytes` gave.

        Raises:
            SourceError: The bytes are not text, or not in the encoding that they declare.
        """
        try:
            text, encoding = _decode(raw)
        except _NotText as error:
            raise SourceError(path, str(error)) from None
        place = os.path.abspath(path)
        return cls(Path(place), relative_name(place, os.fspath(root)), raw, text, encoding)

    def pieces(self, text: str) -> list[tuple[str, str, str]]:
        """Return (title, before, after) of each part of the file that a diff shows by itself.

        A Python file is one part without a title, a byte-order mark included.
        """
        mark = "\ufeff" if self.encoding == "utf-8-sig" else ""
        return [("", mark + self.text, mark + text)]

    def encode(self, text: str) -> bytes:
        """Return the bytes for ``text`` in the encoding of the file, byte-order mark included.

        Raises:
            SourceError: The encoding lacks a character of ``text``, or the bytes would not be read
                back as ``text`` because its coding line or first characters say otherwise.
        """
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            import unicodedata

            char = text[error.start]
            called = f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()
            line = text.count("\n", 0, error.start) + 1
            raise SourceError(
                self.path,
                f"cannot hold {called} (line {line} of the new text) in its encoding "
                f"{self.encoding}",
            ) from None
        try:
            again = _decode(data)
        except _NotText as error:
            raise SourceError(self.path, f"could not be read back: the new text {error}") from None
        if again != (text, self.encoding):
            raise SourceError(
                self.path,
                f"could not be read back: the new text makes its encoding {again[1]} instead of "
                f"{self.encoding}",
            )
        return data


def is_notebook(path: str | os.PathLike[str]) -> bool:
    """Tell from its name whether a file is a notebook."""
    return os.fspath(path).endswith(".ipynb")


def read(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> Source:
    """Read one Python file.

    Raises:
        SourceError: It is missing, unreadable, not a regular file, larger than ``MAX_BYTES``,
            binary, or not in the encoding that it declares.
    """
    return Source.of(path, root, read_bytes(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read the bytes of a regular file; a pipe or device is refused, never waited for.

    Raises:
        SourceError: It is missing, unreadable, not a regular file, or larger than ``MAX_BYTES``
            (``MAX_NOTEBOOK_BYTES`` for a notebook).
    """
    limit = MAX_NOTEBOOK_BYTES if is_notebook(path) else MAX_BYTES
    # Without O_NONBLOCK, opening a named pipe waits until somebody writes to it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(path, kind_of(status.st_mode))
            size = status.st_size
            chunks = []
            total = 0
            while total <= limit:
                chunk = os.read(descriptor, max(size - total, 0) + 1)
                chunks.append(chunk)
                total += len(chunk)
                if not chunk or total == size:
                    break
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SourceError(path, why_unread(error)) from None
    except ValueError:
        raise SourceError(path, "is not a possible path") from None
    if total > limit:
        what = "notebook" if is_notebook(path) else "file of Python code"
        raise SourceError(path, f"is larger than {limit // 1_000_000} MB, too large for a {what}")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class _NotText(ValueError):
    """Why bytes are not the text of a Python file; reads on after the file's name."""


def _decode(raw: bytes) -> tuple[str, str]:
    for mark, name in _WIDE_BOMS:
        if raw.startswith(mark):
            raise _NotText(f"is in {name}, which Python does not read: save it as UTF-8")
    if b"\0" in raw:
        raise _NotText(
            f"holds a NUL byte at offset {raw.index(0)}: it is binary, or text in UTF-16"
        )
    encoding = _declared_encoding(raw)
    try:
        text = raw.decode(encoding)
        # UTF-8 has one spelling of every text; other codecs may not give the bytes back.
        faithful = encoding.startswith("utf-8") or text.encode(encoding) == raw
    except UnicodeDecodeError as error:
        offset = error.start + (len(_BOM) if encoding == "utf-8-sig" else 0)
        line = len(re.findall(rb"\r\n|\r|\n", raw[:offset])) + 1
        called = encoding.removesuffix("-sig")
        raise _NotText(
            f"is not {called}: byte 0x{raw[offset]:02x} at offset {offset} (line {line}); "
            "save it as UTF-8 or declare its encoding in the first line"
        ) from None
    except (UnicodeError, LookupError):
        faithful, text = False, ""
    if not faithful:
        raise _NotText(f"could not be written back byte for byte in its encoding {encoding}")
    return text, encoding


def _declared_encoding(raw: bytes) -> str:
    start = len(_BOM) if raw.startswith(_BOM) else 0
    cookie = _COOKIE.match(raw, start)
    if cookie is None and (first := _NO_CODE.match(raw, start)):
        cookie = _COOKIE.match(raw, first.end())
    if cookie is None:
        return "utf-8-sig" if start else "utf-8"
    name = cookie[1].decode("ascii")
    encoding = _codec(name)
    if start and encoding != "utf-8":
        raise _NotText(f"starts with the byte-order mark of UTF-8 but declares {name}")
    return "utf-8-sig" if start else encoding


def _codec(name: str) -> str:
    """Return Python's name of a declared encoding; ``utf-8-unix`` is Emacs for ``utf-8``."""
    normal = name[:12].lower().replace("_", "-")
    if normal == "utf-8" or normal.startswith("utf-8-"):
        return "utf-8"
    if normal.startswith(("latin-1", "iso-8859-1", "iso-latin-1")) and (
        normal in ("latin-1", "iso-8859-1", "iso-latin-1")
        or normal.startswith(("latin-1-", "iso-8859-1-", "iso-latin-1-"))
    ):
        return "iso-8859-1"
    import codecs

    try:
        encoding = codecs.lookup(name).name
        # "\\n" first: unicode_escape would warn about what follows a backslash in other probes.
        plain = b"\\n".decode(encoding) == "\\n" and _PLAIN.decode(encoding) == _PLAIN.decode()
    except (LookupError, UnicodeError):
        raise _NotText(f"declares the encoding {name}, which Python does not know") from None
    if not plain:
        raise _NotText(f"declares the encoding {name}, in which no Python code can be written")
    return encoding


def kind_of(mode: int) -> str:
    """Return a sentence that says what stands in the place of a regular file."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    word = next((word for test, word in kinds if test(mode)), "something else")
    return f"is {word}, not a file"


def why_unread(error: OSError) -> str:
    """Return a sentence that says why the system did not let a file be read."""
    if error.errno == errno.ENOENT:
        return "does not exist"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be read: permission denied"
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads back to itself"
    if error.errno == errno.ENAMETOOLONG:
        return "does not exist: the name is too long for a file"
    if error.errno == errno.ENOTDIR:
        return "does not exist: a part of the path is a file, not a folder"
    if error.errno == errno.ENXIO:
        return kind_of(stat.S_IFSOCK)
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


# Each word is part of every spelling of some API, however it was imported; a search for each of
# these words is ten times as fast as one regular expression with as many branches.
_WORDS = (
    b"Saver",  # tf.train.Saver, CheckpointSaverHook, SaverDef
    b"saver",  # one made elsewhere, saver_pb2
    b"saved_model",  # the modules, export_saved_model, from_saved_model
    b"SavedModel",
    b"savedmodel",  # Estimator.export_savedmodel
    b"simple_save",
    b"meta_graph",  # import_, export_, add_, add_..._and_variables
    b"MetaGraph",
    b"signature_def",  # build_, predict_, classification_, regression_, ..._utils, .signature_def
    b"SignatureDef",
    b"_constants",  # tag_, signature_, convert_variables_to_
    b"ensor_info",  # build_tensor_info
    b"TensorInfo",
    b"_checkpoint",  # latest_, load_, init_from_, assign_from_, warm starts, model_checkpoint_path
    b"checkpoint_",  # get_checkpoint_state, checkpoint_exists, _management, _utils
    b"checkpoints_iterator",
    b"CheckpointReader",
    b"CheckpointState",
    b"load_variable",
    b"list_variables",
    b"variables_to_restore",
    b"freeze_graph",
    b"graph_util",
    b"graph_def",  # import_graph_def, as_graph_def
    b"GraphDef",
    b"write_graph",
    b"graph_transforms",
    b"for_inference",  # optimize_for_inference_lib
    b"strip_unused",
    b"Monitored",  # MonitoredTrainingSession, MonitoredSession, SingularMonitoredSession
    b"SessionCreator",
    b"SessionManager",
    b"Supervisor",
    b"Scaffold",
    b"supervisor",  # tensorflow.python.training.supervisor
    b"session_bundle",
    b"loader.load(",
    b".restore(",  # of a Saver that was passed in
    b"stimator",  # tf.estimator, Estimator, EstimatorSpec(export_outputs=...)
    b"RunConfig",  # of Estimators
    b"TPUConfig",
    b"InputPipelineConfig",
    b"export_outputs",
    b"warm_start",
    b"tensorflow_hub",
    b"hub.Module",
    b"module_spec",  # hub.create_module_spec
    b"add_signature",  # of a module of TF1 Hub
    b"get_session",  # of Keras' backend
    b"set_session",
)

# Module names that are common words, where contrib or slim gives them their meaning.
_CONTRIB = re.compile(
    rb"slim\s*\.\s*(?:learning|evaluation)|learning\s*\.\s*train\b|evaluation_loop|evaluate_once"
    rb"|contrib\s*\.\s*(?:training|predictor)"
    rb"|import\b[^\n(]*(?:\([^)]*)?\b(?:learning|evaluation|training|predictor)\b"
)

_SAVE_OF_SESSION = re.compile(rb"\.\s*save\s*\([^()]{0,200}sess")  # of a Saver that was passed in


def may_hold_saving_code(raw: bytes) -> bool:
    """Tell whether a file is worth parsing: it may call an API that saves, restores or exports.

    True for every file that spells such an API of TensorFlow 1, under any alias, through a star
    import, or on a Saver that was made in another file; often true for others as well.  ``raw`` is
    the file's bytes in any encoding that a Python file can have.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True  # UTF-16, in which no word would be found: reading it says so
    for word in _WORDS:
        if word in raw:
            return True
    if (b"contrib" in raw or b"slim" in raw) and _CONTRIB.search(raw):
        return True
    # Weights as arrays: savez, or a save of what a session gave, or a load to assign it.
    if b"savez" in raw:
        return True
    if b".load(" in raw and (b"assign" in raw or b".loadtxt(" in raw):
        return True
    if b".loadtxt(" in raw and b"assign" in raw:
        return True
    if any(word in raw for word in (b".save(", b".savetxt(", b".dump(")) and (
        b".run(" in raw or b".eval(" in raw
    ):
        return True
    return b"save" in raw and _SAVE_OF_SESSION.search(raw) is not None
