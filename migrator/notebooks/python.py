"""What IPython adds to Python, exchanged for lines that parse, and back.

Line magics, shell lines, help with ``?``, assignments of their output and cell magics keep their
lines: each is replaced by as many lines of Python with a mark in a comment, from which the very
original is put back.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

__all__ = ["Foreign", "Prepared", "Unmapped", "prepare", "put_back"]

_MARK = "⟦migrator:{cell}.{line}⟧"
_MARKED = re.compile(r"(?:[ \t]*# |  # )⟦migrator:(\d+)\.(\d+)⟧$")

#: What starts a logical line of IPython's own; no line of Python starts so.
_COMMAND = re.compile(r"[ \t]*[%!?,;/]")
_ASSIGNED = re.compile(
    r"(?P<target>[ \t]*[A-Za-z_][\w.,*\[\]'\" \t]*=[ \t]*)(?P<command>[!%][ \t]*\S.*)$"
)
_TIME = re.compile(r"(?P<indent>[ \t]*)%time[ \t](?P<code>.*\S)[ \t]*$")
_CELL_MAGIC = re.compile(r"\s*%%(\w+|!)")

#: Cell magics below which Python runs in the notebook's own process.
_RUN_PYTHON = frozenset({"capture", "memit", "mprun", "prun", "time", "timeit"})

#: What a lexer must know to tell where logical lines start.
_TOKEN = re.compile(
    r"(?P<quote>'''|\"\"\"|'|\")|(?P<comment>#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<joined>\\\n)|(?P<newline>\n)"
)
_STRING = {
    quote: re.compile(
        rf"(?:\\.|(?!{quote})[^\\{'' if len(quote) == 3 else chr(10)}])*(?:{quote})?", re.DOTALL
    )
    for quote in ("'''", '"""', "'", '"')
}


class Unmapped(ValueError):
    """Why a new text cannot be brought back into the cells of its notebook."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A line, or lines, that are not Python."""

    line: int  #: of the cell, from 1
    text: str
    whole: bool = False  #: the rest of the cell, below a magic that hands it to another program


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cell as Python: as many lines as it has, each in its place."""

    code: str
    original: str
    foreign: tuple[Foreign, ...] = ()


def prepare(text: str, cell: int) -> Prepared:
    """Return a cell with what is not Python replaced; the number of lines does not change."""
    magic = _CELL_MAGIC.match(text)
    if magic is None and not _may_hold_commands(text):
        return Prepared(text, text)
    lines = text.split("\n")
    new = list(lines)
    foreign: list[Foreign] = []
    first = 0
    if magic is not None:
        first = text.count("\n", 0, magic.end())
        whole = magic[1] not in _RUN_PYTHON
        foreign.append(
            Foreign(first + 1, "\n".join(lines[first:] if whole else [lines[first]]), whole)
        )
        new[first] = "pass  # " + _MARK.format(cell=cell, line=first + 1)
        if whole:
            for at in range(first + 1, len(lines)):
                new[at] = "# " + _MARK.format(cell=cell, line=at + 1)
            return Prepared("\n".join(new), text, tuple(foreign))
        first += 1
    for start, count in _commands(lines, first):
        foreign.append(Foreign(start + 1, "\n".join(lines[start : start + count])))
        mark = _MARK.format(cell=cell, line=start + 1)
        new[start] = _as_python(lines[start], mark, count)
        for at in range(start + 1, start + count):
            new[at] = _indent(lines[start]) + "# " + _MARK.format(cell=cell, line=at + 1)
    return Prepared("\n".join(new), text, tuple(foreign))


def _may_hold_commands(text: str) -> bool:
    return (
        re.search(r"^[ \t]*[%!?,;/]|=[ \t]*[!%]|\?[ \t]*(?:#.*)?$", text, re.MULTILINE) is not None
    )


def _as_python(line: str, mark: str, count: int) -> str:
    timed = _TIME.match(line) if count == 1 else None
    if timed is not None and _parses(f"if 1: {timed['code']}"):
        return f"{timed['indent']}if 1: {timed['code']}  # {mark}"
    assigned = _ASSIGNED.match(line)
    if assigned is not None and _parses(assigned["target"].strip() + " 0"):
        return f"{assigned['target']}get_ipython()  # {mark}"
    return f"{_indent(line)}pass  # {mark}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _parses(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _commands(lines: list[str], first: int) -> list[tuple[int, int]]:
    """Return (index, number of lines) of the logical lines that are not Python."""
    text = "\n".join(lines) + "\n"
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    found: list[tuple[int, int]] = []
    at = first
    while at < len(lines):
        line = lines[at]
        if _COMMAND.match(line) or (
            (assigned := _ASSIGNED.match(line)) and _parses(assigned["target"].strip() + " 0")
        ):
            count = 1
            while lines[at + count - 1].endswith("\\") and at + count < len(lines):
                count += 1
            found.append((at, count))
            at += count
            continue
        end, asks = _logical_end(text, starts[at])
        count = text.count("\n", starts[at], end)
        if asks and count == 1:
            found.append((at, 1))
        at += max(count, 1)
    return found


def _logical_end(text: str, at: int) -> tuple[int, bool]:
    """Return where the logical line that starts at ``at`` ends, and whether it ends in ``?``."""
    depth = 0
    before = at  # the end of the last code
    while True:
        token = _TOKEN.search(text, at)
        if token is None:
            return len(text), False
        if text[at : token.start()].strip():
            before = at + len(text[at : token.start()].rstrip())
        at = token.end()
        if token["quote"]:
            string = _STRING[token["quote"]].match(text, at)
            assert string is not None
            at = before = string.end()
        elif token["open"]:
            depth, before = depth + 1, at
        elif token["close"]:
            depth, before = max(depth - 1, 0), at
        elif token["newline"] and not depth:
            return at, text[before - 1 : before] == "?"


def put_back(code: str, prepared: Prepared, cell: int) -> str:
    """Return new code of a cell with what is not Python in it as it was.

    Raises:
        Unmapped: the new code lost a line that is not Python, or changed it.
    """
    if not prepared.foreign:
        if "⟦migrator:" in code and "⟦migrator:" not in prepared.original:
            raise Unmapped("it would move a magic or shell line to another cell")
        return code
    before, given = prepared.original.split("\n"), prepared.code.split("\n")
    expected = [i for i, line in enumerate(given) if _MARKED.search(line)]
    seen: list[int] = []
    rows = []
    for row in code.split("\n"):
        match = _MARKED.search(row)
        if match is None:
            rows.append(row)
            continue
        at = int(match[2]) - 1
        seen.append(at)
        if int(match[1]) != cell or at >= len(given):
            raise Unmapped("it would move a magic or shell line to another cell")
        if row == given[at]:
            rows.append(before[at])
        elif given[at].lstrip().startswith("if 1: ") and row.lstrip().startswith("if 1: "):
            body = row[: match.start()].lstrip().removeprefix("if 1: ")
            rows.append(f"{_indent(row)}%time {body}")
        elif row.strip() == given[at].strip() and _indent(before[at]) == _indent(given[at]):
            rows.append(_indent(row) + before[at].lstrip())
        else:
            raise Unmapped(f"it would change the line `{before[at].strip()}`")
    if seen != expected:
        raise Unmapped("it would lose or move a magic or shell line")
    return "\n".join(rows)
