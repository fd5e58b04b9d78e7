"""The JSON of a notebook: where the source of each code cell stands, and how to exchange one.

A file is never written out anew: a changed cell's ``source`` is replaced in the text, line by line,
and all else (outputs, metadata, order, indentation, escapes) stays to the byte.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Cell", "Document", "NotANotebook", "parse", "with_sources"]

_SPACE = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_NEWLINE = re.compile(r"\r\n|\r|\n")
_BREAK = "\0"  #: stands between the elements of a list; JSON cannot hold it unescaped

#: Returns where the value that starts at a place ends, having made of it what is wanted.
Visit = Callable[[str, int], int]


class NotANotebook(ValueError):
    """Why a text is not the JSON of a notebook; reads on after the file's name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell: what it holds and where its source stands in the file's text."""

    number: int  #: among the code cells, from 0
    text: str  #: with ``\\n`` as its newlines
    start: int
    end: int
    language: str | None = None  #: nbformat 3 says it of every cell


@dataclass(frozen=True, slots=True)
class Document:
    """The code cells of a notebook in their order, and its kernel."""

    text: str
    cells: tuple[Cell, ...]
    language: str | None = None  #: ``python``, ``R``; None where the file does not say
    version: str | None = None  #: ``2.7.12``, ``3``: of the language, as far as it is said


def parse(text: str) -> Document:
    """Return the notebook that ``text`` is.

    What is not needed is passed over by the JSON scanner of the standard library, so outputs cost
    one fast look.

    Raises:
        NotANotebook: it is not JSON, or not that of a notebook.
    """
    try:
        return _Reader(text).document()
    except json.JSONDecodeError as error:
        raise NotANotebook(f"is not valid JSON (line {error.lineno}: {error.msg})") from None
    except RecursionError:
        raise NotANotebook("is nested too deeply for a notebook") from None


class _Reader:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.scan = json.JSONDecoder().raw_decode
        self.cells: list[dict[str, Any]] = []
        self.metadata: Any = {}

    def document(self) -> Document:
        """Return what the text holds."""
        start = self._after_space(0)
        if self.text[start : start + 1] != "{":
            raise NotANotebook("is not a notebook: no JSON object")
        end = self._object(start, self._top)
        if self._after_space(end) != len(self.text):
            raise json.JSONDecodeError("something stands behind its end", self.text, end)
        language, version = _kernel(self.metadata)
        code = [cell for cell in self.cells if cell.get("cell_type") == "code"]
        return Document(
            self.text,
            tuple(self._cell(number, cell) for number, cell in enumerate(code)),
            language,
            version,
        )

    def _cell(self, number: int, fields: dict[str, Any]) -> Cell:
        value, start, end = fields.get("source", ("", 0, 0))
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = "".join(value)
        text = value if isinstance(value, str) else ""
        language = fields.get("language")
        return Cell(
            number,
            _NEWLINE.sub("\n", text),
            start,
            end,
            language if isinstance(language, str) else None,
        )

    def _after_space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        assert found is not None
        return found.end()

    def _object(self, start: int, visit: Visit) -> int:
        """Return where the object at ``start`` ends; ``visit`` gets each key and value's start."""
        at = self._after_space(start + 1)
        if self.text[at : at + 1] == "}":
            return at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise json.JSONDecodeError("a name in quotes is missing", self.text, at)
            key, at = self.scan(self.text, at)
            at = self._after_space(at)
            if self.text[at : at + 1] != ":":
                raise json.JSONDecodeError("a colon is missing", self.text, at)
            at = self._after_space(visit(key, self._after_space(at + 1)))
            if self.text[at : at + 1] == "}":
                return at + 1
            at = self._comma(at)

    def _array(self, start: int, visit: Callable[[int], int]) -> int:
        """Return where the array at ``start`` ends; ``visit`` gets the start of each item."""
        at = self._after_space(start + 1)
        if self.text[at : at + 1] == "]":
            return at + 1
        while True:
            at = self._after_space(visit(at))
            if self.text[at : at + 1] == "]":
                return at + 1
            at = self._comma(at)

    def _comma(self, at: int) -> int:
        if self.text[at : at + 1] != ",":
            raise json.JSONDecodeError("a comma is missing", self.text, at)
        return self._after_space(at + 1)

    def _top(self, key: str, start: int) -> int:
        if key == "cells" and self.text[start : start + 1] == "[":
            return self._array(start, self._one_cell)
        if key == "worksheets" and self.text[start : start + 1] == "[":
            return self._array(start, self._sheet)
        value, end = self.scan(self.text, start)
        if key == "metadata":
            self.metadata = value
        return end

    def _sheet(self, start: int) -> int:
        if self.text[start : start + 1] != "{":
            return self.scan(self.text, start)[1]
        return self._object(start, self._top)

    def _one_cell(self, start: int) -> int:
        if self.text[start : start + 1] != "{":
            return self.scan(self.text, start)[1]
        fields: dict[str, Any] = {}
        self.cells.append(fields)

        def visit(key: str, at: int) -> int:
            value, end = self.scan(self.text, at)
            if key in ("source", "input"):  # nbformat 3 calls it input
                fields["source"] = (value, at, end)
            elif key in ("cell_type", "language"):
                fields[key] = value
            return end

        return self._object(start, visit)


def _kernel(metadata: Any) -> tuple[str | None, str | None]:
    """Return the language of a notebook and its version, as far as its metadata say."""
    if not isinstance(metadata, Mapping):
        return None, None
    info, spec = metadata.get("language_info"), metadata.get("kernelspec")
    info = info if isinstance(info, Mapping) else {}
    spec = spec if isinstance(spec, Mapping) else {}
    language = spec.get("language") or info.get("name")
    name = spec.get("name")
    version = info.get("version")
    if not isinstance(version, str) and isinstance(name, str) and re.fullmatch(r"python\d", name):
        version = name[-1]
    if not isinstance(language, str):
        language = "python" if isinstance(name, str) and name.startswith("python") else None
    return language, version if isinstance(version, str) else None


def with_sources(document: Document, changes: Mapping[int, str]) -> str:
    """Return the file's text with new sources of some code cells.

    Args:
        document: the notebook.
        changes: number of a cell -> its new text, with ``\\n`` as newlines.
    """
    pieces = []
    at = 0
    plain = document.text.isascii()
    for cell in document.cells:
        if cell.number in changes and changes[cell.number] != cell.text:
            raw = document.text[cell.start : cell.end]
            pieces += [document.text[at : cell.start], _exchanged(raw, changes[cell.number], plain)]
            at = cell.end
    return "".join([*pieces, document.text[at:]])


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    raw: str  #: as JSON spells it, with :data:`_BREAK` where an element of the list ends
    tail: str  #: its newline as JSON spells it, with what follows if an element ends there


def _exchanged(raw: str, new: str, ascii_only: bool) -> str:
    """Return the JSON value that takes the place of the source ``raw`` to mean ``new``."""
    is_list = raw.startswith("[")
    elements = _elements(raw) if is_list else [(0, len(raw))]
    stream = _BREAK.join(raw[start + 1 : end - 1] for start, end in elements)
    old = _lines(stream)
    breaks = any(line.tail.endswith(_BREAK) for line in old)
    if is_list and len(old) > 1 and not old[-1].raw and not old[-2].tail.endswith(_BREAK):
        # the newline at the very end: if lines follow it, they are other elements
        old[-2] = replace(old[-2], tail=old[-2].tail + _BREAK)
    ends = Counter(line.tail.rstrip(_BREAK) for line in old if line.tail)
    newline = ends.most_common(1)[0][0] if ends else "\\n"
    usual = newline + (_BREAK if is_list and (breaks or len(old) < 2) else "")
    rows = new.split("\n")
    made: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, [line.text for line in old], rows, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            made += [(line.raw, line.tail or usual) for line in old[old_start:old_end]]
        else:
            made += [
                (json.dumps(row, ensure_ascii=ascii_only)[1:-1], usual)
                for row in rows[new_start:new_end]
            ]
    text = "".join(row + tail for row, tail in made[:-1]) + made[-1][0]
    if not is_list:
        return f'"{text}"'
    parts = text.split(_BREAK)
    if parts[-1] == "" and elements and raw[slice(*elements[-1])] != '""':
        parts.pop()
    if not parts:
        return "[]"
    return _list(raw, elements, parts)


def _list(raw: str, elements: Sequence[tuple[int, int]], parts: Sequence[str]) -> str:
    """Return a list of strings, spaced as ``raw`` is."""
    if not elements:
        return "[" + ", ".join(f'"{part}"' for part in parts) + "]"
    head, tail = raw[: elements[0][0]], raw[elements[-1][1] :]
    if len(elements) > 1:
        between = raw[elements[0][1] : elements[1][0]]
    else:
        between = "," + (head[1:] or " ")
    return head + between.join(f'"{part}"' for part in parts) + tail


def _elements(raw: str) -> list[tuple[int, int]]:
    """Return where the strings of a list of strings start and end, quotes included."""
    scan = json.JSONDecoder().raw_decode
    found = []
    at = raw.find('"')
    while at >= 0:
        _, end = scan(raw, at)
        found.append((at, end))
        at = raw.find('"', end)
    return found


def _lines(stream: str) -> list[_Line]:
    """Return the lines of a source, each with its spelling in JSON."""
    found: list[_Line] = []
    start = at = 0
    while True:
        escape = _ESCAPE.search(stream, at)
        if escape is None:
            break
        at = escape.end()
        char = json.loads(f'"{escape[0]}"')
        if char not in ("\n", "\r"):
            continue
        if char == "\r":
            following = _ESCAPE.match(stream, at)
            if following is not None and json.loads(f'"{following[0]}"') == "\n":
                at = following.end()
        end = at
        at += stream.startswith(_BREAK, at)
        found.append(_line(stream[start : escape.start()], stream[escape.start() : end], at > end))
        start = at
    found.append(_line(stream[start:], "", False))
    return found


def _line(raw: str, newline: str, broken: bool) -> _Line:
    text = json.loads('"' + raw.replace(_BREAK, "") + '"', strict=False)
    return _Line(text, raw, newline + (_BREAK if broken else ""))
