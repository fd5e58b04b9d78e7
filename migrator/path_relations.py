"""Whether two paths can be the same place, whatever decides what they are.

A path is a sequence of known text and of holes: what a command line, a caller or the clock
decides.  A hole may have a default, which tells what the path usually is, and never what it
certainly is.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Hole", "Path", "Relation", "meets", "relation", "usual_text"]


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a path that is decided elsewhere."""

    key: str | None = None  #: what decides it, ``flag:model_dir``; None for nobody knows what
    text: str | None = None  #: what it is unless somebody says otherwise
    flat: bool = False  #: it is a part of one file's name


#: What one expression may name: text and holes, one after the other.
Path = tuple["str | Hole", ...]


class Relation(str, enum.Enum):
    """How two paths stand to each other."""

    SAME = "same"  #: the same by their text, or decided by the same thing
    OTHER = "other"  #: no run can make them the same
    UNKNOWN = "unknown"


def relation(one: Iterable[Path], other: Iterable[Path]) -> Relation:
    """Return how what two expressions may name stands to each other."""
    left, right = list(one), list(other)
    if any(_equal(a, b) for a in left for b in right):
        return Relation.SAME
    if any(meets(a, b) for a in left for b in right):
        return Relation.UNKNOWN
    return Relation.OTHER


def meets(one: Path, other: Path) -> bool:
    """Whether some run can make two paths the same, wherever it is started."""
    a, b = _pattern(one), _pattern(other)
    row = [False] * (len(b) + 1)  # row[j]: the rest of a meets b[j:]
    for i in range(len(a), -1, -1):
        new = [False] * (len(b) + 1)
        for j in range(len(b), -1, -1):
            left, right = a[i : i + 1], b[j : j + 1]
            if not left and not right:
                new[j] = True
            elif left in _HOLES or right in _HOLES:
                # one of the holes ends here, or takes what the other side has
                new[j] = (left in _HOLES and row[j]) or (right in _HOLES and new[j + 1])
                new[j] = new[j] or (left in _HOLES and _takes(left, right) and new[j + 1])
                new[j] = new[j] or (right in _HOLES and _takes(right, left) and row[j])
            elif left == right:
                new[j] = row[j + 1]
        row = new
    return row[0]


_WILD, _FLAT = "\0", "\1"
_HOLES = (_WILD, _FLAT)


def _takes(hole: str, text: str) -> bool:
    """Whether a hole can stand for a character of the other path."""
    return text != "" and text not in _HOLES and (hole == _WILD or text != "/")


def _pattern(path: Path) -> str:
    text = _normal(
        "".join(part if isinstance(part, str) else _FLAT if part.flat else _WILD for part in path)
    )
    # a relative path may start anywhere
    if not text:
        return _WILD
    return text if text[0] in ("/", _WILD) else f"{_WILD}/{text}"


def _normal(text: str) -> str:
    text = re.sub(r"/+", "/", text.replace("\\", "/"))
    text = re.sub(r"(^|(?<=/))\./", "", text)
    while re.match(r"\.\.(/|$)", text):
        text = text[3:]
    text = re.sub(r"(^|(?<=/))[^/\0\1.]+/\.\./", "", text)
    return text[:-1] if text.endswith("/") and len(text) > 1 else "" if text == "." else text


def _equal(one: Path, other: Path) -> bool:
    left, right = usual_text(one), usual_text(other)
    if left is not None and right is not None:
        return _normal(left) == _normal(right) != ""
    return one == other and all(isinstance(part, str) or part.key is not None for part in one)


def usual_text(path: Path) -> str | None:
    """Return the path as it usually is, or None."""
    found = ""
    for part in path:
        text = part if isinstance(part, str) else part.text
        if text is None:
            return None
        found += text
    return found
