"""A notebook as one module: its code cells in their order, and back into its JSON."""

from __future__ import annotations

import ast
import bisect
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.notebooks import document
from migrator.notebooks.document import Cell, Document, NotANotebook
from migrator.notebooks.python import Prepared, Unmapped, prepare, put_back
from migrator.sources import Source, SourceError, may_hold_saving_code, relative_name
from migrator.syntax_errors import describe_syntax_error

__all__ = ["Broken", "Notebook", "Part"]

_HEAD = "'⟦migrator:cell {number}⟧'"
_HEADED = re.compile(r"^'⟦migrator:cell (\d+)⟧'\n", re.MULTILINE)
_OURS = "⟦migrator:"

#: A cell that does not parse and holds none of these does nothing that is migrated.
_OF_INTEREST = re.compile(r"\b(?:tf|tensorflow|slim)\b")


@dataclass(frozen=True, slots=True)
class Part:
    """One cell in the joined text."""

    cell: Cell
    prepared: Prepared
    head: int  #: the line of the joined text, from 1, before its first one


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell that is not Python 3."""

    cell: Cell
    line: int  #: of the cell, from 1
    reason: str
    matters: bool  #: it may hold code that is migrated, so the notebook stays as it is


@dataclass(frozen=True, slots=True)
class Book:
    """What a notebook's JSON says, and how its cells were joined."""

    document: Document
    parts: tuple[Part, ...] = ()
    broken: tuple[Broken, ...] = ()
    others: tuple[Part, ...] = ()  #: cells that hand all they hold to another program


class Notebook(Source):
    """A notebook as it was read; ``text`` is the one module that its code cells make.

    Every cell but the first is headed by a line of its own (a string, which does nothing), so that
    what a migration adds is known to belong to the cell it stands in.  ``encode`` brings a new text
    back into the cells, and changes those that differ.
    """

    __slots__ = ("book",)

    book: Book

    def __init__(
        self, path: Path, relative: str, raw: bytes, text: str, encoding: str, book: Book
    ) -> None:
        fields = (path, relative, raw, text, encoding, book)
        for name, value in zip((*Source.__slots__, "book"), fields, strict=True):
            object.__setattr__(self, name, value)

    def _fields(self) -> tuple[Any, ...]:
        return (self.path, self.relative, self.raw, self.text, self.encoding, self.book)

    @classmethod
    def of(
        cls,
        path: str | os.PathLike[str],
        root: str | os.PathLike[str],
        raw: bytes,
        *,
        python2: bool = False,
    ) -> Notebook:
        """Read the bytes of a notebook.

        Args:
            path: of the file.
            root: of the run.
            raw: what it holds.
            python2: whether ``text`` holds its cells of Python 2, too, and so does not parse yet.

        Raises:
            SourceError: they are not UTF-8, or not the JSON of a notebook.
        """
        encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"
        try:
            book = _book(document.parse(raw.decode(encoding)), python2)
        except UnicodeDecodeError as error:
            raise SourceError(
                path,
                f"is not UTF-8, as a notebook is: byte 0x{raw[error.start]:02x} at offset"
                f" {error.start}",
            ) from None
        except NotANotebook as error:
            raise SourceError(path, str(error)) from None
        place = os.path.abspath(path)
        name = relative_name(place, os.fspath(root))
        return cls(Path(place), name, raw, _joined(book.parts), encoding, book)

    @property
    def held(self) -> str | None:
        """Why the notebook stays as it is: a cell that matters is not Python 3."""
        for broken in self.book.broken:
            if broken.matters:
                place = f"cell {broken.cell.number + 1}:{broken.line}"
                return f"{place} does not parse ({broken.reason})"
        return None

    def may_hold_saving_code(self) -> bool:
        """Tell whether the code of the notebook is worth a look: outputs and prose do not count."""
        return any(
            may_hold_saving_code(cell.text.encode("utf-8", "surrogatepass"))
            for cell in self._python_cells()
        )

    def _python_cells(self) -> Iterator[Cell]:
        for part in (*self.book.parts, *self.book.others):
            yield part.cell
        for broken in self.book.broken:
            yield broken.cell

    # -- places ------------------------------------------------------------------------

    def locate(self, line: int) -> tuple[Part, int]:
        """Return the cell that a line of ``text`` stands in, and the line of it, from 1."""
        parts = self.book.parts
        at = max(bisect.bisect_right([part.head for part in parts], line) - 1, 0)
        part = parts[at]
        return part, min(max(line - part.head, 1), part.cell.text.count("\n") + 1)

    # -- the way back ------------------------------------------------------------------

    def cells_of(self, text: str) -> list[tuple[Cell, str]]:
        """Return (cell, its new text) for every Python cell, from a changed ``text``.

        Raises:
            SourceError: something stands outside of the cells, or left its own.
        """
        pieces = _HEADED.split(text)
        numbers = [int(number) for number in pieces[1::2]]
        if not self.book.parts and not text.strip():
            return []
        if numbers != [part.cell.number for part in self.book.parts[1:]]:
            raise SourceError(self.path, "would hold code outside of its cells")
        found = []
        for part, piece in zip(self.book.parts, pieces[0::2], strict=True):
            old = part.prepared.code
            if piece == old + "\n":
                found.append((part.cell, part.cell.text))
                continue
            try:
                new = put_back(_trimmed(piece, old), part.prepared, part.cell.number)
            except Unmapped as error:
                raise SourceError(self.path, f"{error} (cell {part.cell.number + 1})") from None
            if _OURS in new and _OURS not in part.cell.text:
                raise SourceError(self.path, "would hold code that belongs to another cell")
            found.append((part.cell, new))
        return found

    def pieces(self, text: str) -> list[tuple[str, str, str]]:
        """Return the cells that ``text`` changes, each under its number, as whole lines.

        Raises:
            SourceError: as :meth:`cells_of`.
        """
        return [
            (f"cell {cell.number + 1}", cell.text + "\n", new + "\n")
            for cell, new in self.cells_of(text)
            if new != cell.text
        ]

    def encode(self, text: str) -> bytes:
        """Return the bytes of the notebook with the cells that ``text`` changes.

        Raises:
            SourceError: ``text`` does not fit into the cells, or would not be read back.
        """
        if text == self.text:
            return self.raw
        cells = self.cells_of(text)
        self._check_imports(text)
        changes = {cell.number: new for cell, new in cells if new != cell.text}
        after = document.with_sources(self.book.document, changes)
        try:
            data = after.encode(self.encoding)
            again = document.parse(after)
        except (UnicodeEncodeError, NotANotebook) as error:
            raise SourceError(self.path, f"could not be read back: {error}") from None
        expected = [changes.get(cell.number, cell.text) for cell in self.book.document.cells]
        if [cell.text for cell in again.cells] != expected:
            raise SourceError(self.path, "could not be read back: its cells would differ")
        return data

    def _check_imports(self, text: str) -> None:
        """Refuse to lose an import that only lines which are not Python use."""
        book = self.book
        unseen = [
            (part.cell, foreign.text)
            for part in (*book.parts, *book.others)
            for foreign in part.prepared.foreign
        ]
        unseen += [(broken.cell, broken.cell.text) for broken in book.broken]
        if not unseen:
            return
        lost = _imported(self.text) - _imported(text)
        for cell, used in unseen:
            for name in sorted(lost):
                if re.search(rf"(?<!\w){re.escape(name)}\b", used):
                    raise SourceError(
                        self.path,
                        f"would lose the import of `{name}`, which cell {cell.number + 1} names"
                        " where it is not Python 3",
                    )


def _imported(text: str) -> set[str]:
    """Return the names that imports bind anywhere in ``text``; none where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }


def _trimmed(piece: str, old: str) -> str:
    """Return new code of a cell without the blank lines that only stood beside other cells."""
    piece = piece.removesuffix("\n")
    if not old.startswith("\n"):
        piece = piece.lstrip("\n")
    if not old.endswith("\n"):
        piece = piece.rstrip("\n")
    return piece


def _joined(parts: tuple[Part, ...]) -> str:
    # the first stands where a module's docstring and its __future__ imports do
    heads = [f"{_HEAD.format(number=part.cell.number)}\n" if part.head else "" for part in parts]
    return "".join(f"{head}{part.prepared.code}\n" for head, part in zip(heads, parts, strict=True))


def _book(found: Document, python2: bool) -> Book:
    if (found.language or "python").lower() not in ("python", "ipython"):
        return Book(found)
    parts: list[Part] = []
    others: list[Part] = []
    broken: list[Broken] = []
    head = 0
    for cell in found.cells:
        if not cell.text.strip() or (cell.language or "python").lower() != "python":
            continue
        if _OURS in cell.text:
            broken.append(Broken(cell, 1, "it holds a mark that this tool uses itself", True))
            continue
        prepared = prepare(cell.text, cell.number)
        part = Part(cell, prepared, head)
        if prepared.foreign and prepared.foreign[0].whole:
            others.append(part)
            continue
        error = _error(prepared.code)
        if error is not None and not (python2 and error[1].startswith("this is Python 2")):
            text = cell.text.encode("utf-8", "surrogatepass")
            matters = bool(_OF_INTEREST.search(cell.text)) or may_hold_saving_code(text)
            broken.append(Broken(cell, *error, matters))
            continue
        parts.append(part)
        head += prepared.code.count("\n") + 2
    return Book(found, tuple(parts), tuple(broken), tuple(others))


def _error(code: str) -> tuple[int, str] | None:
    """Return (line, why) where a cell does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes of other people's strings
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = (getattr(error, "lineno", None) or 1) if isinstance(error, SyntaxError) else 1
        # the sentence counts lines of the cell, and would be taken for lines of the file
        return line, re.sub(r"^line \d+: | on line \d+", "", describe_syntax_error(error))
    return None
