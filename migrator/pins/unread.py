"""Pins of TensorFlow 1 in places whose form is not followed: variables, conditions, matrices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrator.pins.found import PIN, Answer
from migrator.pins.needs import IMAGE, WANTED, admits, holds_here
from migrator.results import Outcome

__all__ = ["images", "pins"]

_PIN = re.compile(
    r"(?<![\w./@:{$-])(?P<name>tensorflow(?:[-_](?:gpu|cpu))?)(?:\[[\w,-]*\])?[ \t]*"
    r"(?P<spec>(?:==?|~=|>=|<=|<|>|!=)[ \t]*[\w.*${]+(?:[ \t.]*matrix[\w. \t]*)?\}{0,2}"
    r"(?:[ \t]*,[ \t]*[<>=!~]=?[ \t]*[\w.*]+)*)"
)
_MARKER = re.compile(r"[ \t]*;[ \t]*(?P<marker>[^#\r\n]*)")

#: Kinds of files in which a pin counts only where something is installed.
_COMMANDS = frozenset({"docker", "ci", "shell"})

_IMAGE = re.compile(
    r"(?im)^[ \t]*(?:FROM[ \t]+(?:--platform=\S+[ \t]+)?|-?[ \t]*image:[ \t]*[\"']?)"
    r"(?P<image>(?:[\w./-]*tensorflow/tensorflow:(?:\$\S+|(?:latest|nightly)\S*-py[23]\S*)"
    r"|nvcr\.io/nvidia/tensorflow:(?:1[7-9]\.\d+\S*|[\w.-]*-tf1\S*)))"
)


def pins(kind: str, text: str, known: Sequence[tuple[int, int]]) -> Iterator[Answer]:
    """Yield a finding for each pin of TensorFlow 1 that nothing else says a word about.

    Args:
        kind: of the file.
        text: of the file.
        known: spans of requirements that were read.
    """
    if kind == "toml":
        return  # all of its forms are read
    for match in _PIN.finditer(text):
        start, end = match.span()
        if any(start < stop and begin < end for begin, stop in known):
            continue
        line = text.rfind("\n", 0, start) + 1
        before = text[line:start]
        if re.match(r"[ \t]*(?:#|rem\b|::)", before, re.IGNORECASE) or " #" in before:
            continue
        if not _is_old(match["spec"], text):
            continue
        if kind == "setup" and not _whole_string(text, start, end):
            continue
        if kind in _COMMANDS and "install" not in _command(text, line, before):
            continue
        marker = _MARKER.match(text, end)
        if marker is not None:
            condition = marker["marker"].strip()
            if kind == "setup":
                condition = condition.partition(before[-1])[0]
            if not holds_here(condition):
                continue
        yield Answer(
            start,
            end,
            PIN,
            f"`{match[0].strip()}` is left: it stands where a change cannot be followed.",
            Outcome.MANUAL,
            f"Make it `tensorflow{WANTED}`, with what the other findings of this file name.",
            api=match["name"],
        )


def _whole_string(text: str, start: int, end: int) -> bool:
    """Whether a place in a program is a string of its own, but for a marker."""
    quote = text[start - 1 : start]
    if quote not in ("'", '"') or not re.search(r"(?:[(\[{,=:]|\belse)\s*\Z", text[: start - 1]):
        return False
    return text[end : end + 1] == quote or text[end:].lstrip(" \t")[:1] == ";"


def _is_old(spec: str, text: str) -> bool:
    """Whether versions let in what is older, where a variable tells which, by its own value."""
    if "$" not in spec and "{" not in spec:
        return not admits(spec)
    words = re.findall(r"[A-Za-z_]\w*", spec)
    if not words:
        return False
    value = re.search(rf"\b{words[-1]}\b[ \t]*[=:][\s\[\"'-]*(\d+\.\d+)", text)
    return value is not None and not admits(f"=={value[1]}.0")


def _command(text: str, line: int, before: str) -> str:
    """Return the command up to a place, with the lines that it continues."""
    while line > 0:
        previous = text.rfind("\n", 0, line - 1) + 1
        row = text[previous : line - 1]
        if not row.rstrip().endswith("\\"):
            break
        before, line = row + before, previous
    return before


def images(text: str) -> Iterator[Answer]:
    """Yield the images of TensorFlow 1 whose tag is a variable or no plain version."""
    for match in _IMAGE.finditer(text):
        start, end = match.span("image")
        tag = match["image"].partition(":")[2]
        if tag[0] == "$" and "-py" not in tag and not _is_old(tag.partition("}")[0], text):
            continue
        yield Answer(
            start,
            end,
            PIN,
            f"`{match['image']}` is, or can be, an image with TensorFlow 1.",
            Outcome.MANUAL,
            f"Start from `tensorflow/tensorflow:{IMAGE}` (`-gpu`, `-jupyter`), or from a Python"
            f" image with `tensorflow{WANTED}`.",
            api="tensorflow",
        )
