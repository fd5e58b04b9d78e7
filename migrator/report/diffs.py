"""Read a unified diff, and lay it out side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Hunk", "Line", "Row", "changed_words", "parse", "side_by_side"]

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
#: Above this many pairs of lines a block is laid out line by line instead of by likeness.
_PAIRS = 2500


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk; ``number`` counts in its own side's file, from 1."""

    kind: str  #: " ", "-" or "+"
    number: int  #: in the new file for "+", else in the old one
    text: str  #: without the mark and the line end
    ended: bool = True  #: False for a last line without a newline


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that changed, with those around them."""

    old_start: int
    new_start: int
    title: str  #: what stands behind the second ``@@``
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Two lines that stand beside each other; None where a side has none."""

    old: Line | None
    new: Line | None

    @property
    def same(self) -> bool:
        """True for a line of context."""
        return self.old is not None and self.old.kind == " "


def parse(diff: str) -> tuple[Hunk, ...]:
    """Return the hunks of a unified diff of one file.

    Lines are counted as the hunk headers say, so code that begins with ``--`` is not taken
    for a file header, and a form feed or U+2028 inside a line does not end it.

    Raises:
        ValueError: a hunk has other lines than its header announces.
    """
    lines = diff.split("\n")
    if lines[-1] == "":
        lines.pop()
    # files with CRLF ends have the mark on every line: it says nothing, unless some lack it
    body = [
        line for line in lines if line[:1] in ("+", "-", " ") and line[:4] not in ("--- ", "+++ ")
    ]
    crlf = bool(body) and all(line.endswith("\r") for line in body)
    hunks = []
    i = 0
    while i < len(lines):
        match = _HUNK.match(lines[i])
        i += 1
        if match is None:
            continue
        old, new = int(match[1]), int(match[3])
        left, right = int(match[2] or 1), int(match[4] or 1)
        start = (old, new)
        found: list[Line] = []
        while left or right or (i < len(lines) and lines[i].startswith("\\")):
            if i == len(lines):
                raise ValueError(f"the hunk {match[0]!r} ends early")
            kind, text = lines[i][:1] or " ", lines[i][1:]
            i += 1
            if kind == "\\" and found:
                last = found[-1]
                found[-1] = Line(last.kind, last.number, last.text, ended=False)
                continue
            if kind not in "+- " or (kind != "+" and not left) or (kind != "-" and not right):
                raise ValueError(f"the hunk {match[0]!r} has a line too many: {kind + text!r}")
            text = text[:-1] if crlf and text.endswith("\r") else text
            found.append(Line(kind, new if kind == "+" else old, text))
            if kind != "+":
                old, left = old + 1, left - 1
            if kind != "-":
                new, right = new + 1, right - 1
        hunks.append(Hunk(*start, match[5].strip(), tuple(found)))
    return tuple(hunks)


def side_by_side(hunk: Hunk) -> list[Row]:
    """Return the rows of a hunk: context on both sides, replaced lines beside their likeness."""
    rows: list[Row] = []
    old: list[Line] = []
    new: list[Line] = []
    shift = hunk.new_start - hunk.old_start
    for line in hunk.lines:
        if line.kind == "-":
            old.append(line)
        elif line.kind == "+":
            new.append(line)
        else:
            rows += _align(old, new)
            shift += len(new) - len(old)
            old, new = [], []
            rows.append(Row(line, Line(" ", line.number + shift, line.text, line.ended)))
    return rows + _align(old, new)


def _align(old: Sequence[Line], new: Sequence[Line]) -> list[Row]:
    """Pair removed with added lines in order, so that the sum of their likeness is largest."""
    if len(old) * len(new) > _PAIRS or not old or not new:
        both = min(len(old), len(new))
        return [
            *(Row(a, b) for a, b in zip(old, new, strict=False)),
            *(Row(a, None) for a in old[both:]),
            *(Row(None, b) for b in new[both:]),
        ]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    like = [[_likeness(a.text, b.text) for b in new] for a in old]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], like[i][j] + best[i + 1][j + 1])
    rows = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i == len(old):
            rows.append(Row(None, new[j]))
            j += 1
        elif j == len(new):
            rows.append(Row(old[i], None))
            i += 1
        elif like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            rows.append(Row(old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            rows.append(Row(old[i], None))
            i += 1
        else:
            rows.append(Row(None, new[j]))
            j += 1
    return _close_up(rows)


def _close_up(rows: list[Row]) -> list[Row]:
    """Put a lone removed line beside the lone added line that follows it."""
    closed: list[Row] = []
    waiting: list[Row] = []  # rows without a new side
    for row in rows:
        if row.new and row.old is None and waiting:
            first = waiting.pop(0)
            if first.old and bool(first.old.text.strip()) == bool(row.new.text.strip()):
                closed[closed.index(first)] = Row(first.old, row.new)
                continue
            waiting.clear()  # a later line must not move above this one
        if row.new is None:
            waiting.append(row)
        elif row.old is not None:
            waiting.clear()
        closed.append(row)
    return closed


def _likeness(old: str, new: str) -> float:
    if not old.strip() or not new.strip():
        return 0.5 if old.strip() == new.strip() else 0.0
    ratio = SequenceMatcher(None, old.strip(), new.strip(), autojunk=False).ratio()
    return ratio if ratio >= 0.4 else 0.0


def changed_words(old: str, new: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the character ranges of ``old`` and ``new`` that differ.

    Both lists are empty for lines so different that marking words would mark everything.
    """
    a, b = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < 0.5:
        return [], []
    starts_a, starts_b = _starts(a), _starts(b)
    opcodes = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    left = [_inked(old, starts_a[i], starts_a[j]) for _, i, j, _, _ in opcodes]
    right = [_inked(new, starts_b[i], starts_b[j]) for _, _, _, i, j in opcodes]
    return [pair for pair in left if pair], [pair for pair in right if pair]


def _inked(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the range without the blanks around it: a changed indentation shows by itself."""
    part = text[start:end]
    if not part.strip():
        return None
    return end - len(part.lstrip()), start + len(part.rstrip())


def _starts(words: Sequence[str]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts
