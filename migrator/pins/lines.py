"""Requirements in lines and strings: requirement files, setup.cfg, TOML, conda, shell commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrator.pins.found import CONTRADICTS, PIN, Answer
from migrator.pins.needs import (
    ENDED,
    MINIMA,
    TENSORFLOW,
    WANTED,
    Requirement,
    holds_here,
    normal,
    requirement,
    too_old,
    wanted_line,
)
from migrator.results import Outcome

__all__ = ["FURTHER", "Place", "contradiction", "judge", "missing"]

#: How a further requirement of a migrated program is written.
FURTHER = {"tf-keras": f"tf-keras{WANTED}", "tf-slim": "tf-slim>=1.1"}


@dataclass(frozen=True, slots=True)
class Place:
    """A requirement in a file, and how to write there.

    ``write`` turns a requirement into what stands between ``start`` and ``end``; ``add`` turns
    one into an edit that puts it behind this one, None where that cannot be done.
    """

    start: int
    end: int
    found: Requirement
    marker: str = ""
    write: Callable[[str], str] | None = None
    add: Callable[[str], tuple[int, int, str] | None] | None = None
    locked: str | None = None  #: why it is not rewritten
    listed: int = 0  #: which list of the file it stands in


def missing(places: Iterable[Place], needs: Sequence[str]) -> list[str]:
    """Return the packages among ``needs`` that no place requires."""
    there = {place.found.name for place in places}
    return [need for need in needs if normal(re.split(r"[<>=!~\[ ]", need)[0]) not in there]


def _spelled(need: str) -> str:
    return FURTHER.get(need, need)


def judge(places: Sequence[Place], needs: Sequence[str], stay: str) -> Iterator[Answer]:
    """Yield what becomes of the requirements of one file.

    Args:
        places: all requirements of the file.
        needs: packages that the programs need besides TensorFlow.
        stay: a sentence about programs that share the file and stay, or nothing.
    """
    lists: dict[int, list[Place]] = {}
    for place in places:
        lists.setdefault(place.listed, []).append(place)
    asked = {listed: missing(items, needs) for listed, items in lists.items()}
    for place in places:
        found = place.found
        further = asked[place.listed]
        if place.marker and not holds_here(place.marker):
            if found.name in TENSORFLOW and not _elsewhere(place, lists[place.listed]):
                yield Answer(
                    place.start,
                    place.end,
                    CONTRADICTS,
                    f"`{found.spelled}{found.spec}` is asked for on old Pythons only"
                    f" (`{place.marker}`), so the migrated program gets no TensorFlow.",
                    Outcome.MANUAL,
                    f"Require `tensorflow{WANTED}` without that condition.",
                    api=found.name,
                )
            continue
        if found.name not in TENSORFLOW:
            yield from contradiction(place)
            continue
        new = wanted_line(found)
        shown = f"{found.spelled}{found.extras}{found.spec}"
        if new is None and not further:
            continue
        if place.locked is not None:
            text = new or _spelled(further[0])
            yield _answer(
                place,
                f"`{shown}` is not what the migrated program needs, {place.locked}.",
                f"Require `{text}`" + _and(further) + " and lock again.",
            )
            continue
        edits: list[tuple[int, int, str]] = []
        if new is not None and place.write is not None:
            edits.append((place.start, place.end, place.write(new)))
        added = [place.add(_spelled(name)) for name in further] if place.add is not None else [None]
        if further and all(edit is not None for edit in added):
            start = next(edit[0] for edit in added if edit is not None)
            edits.append((start, start, "".join(edit[2] for edit in added if edit is not None)))
            further_text = _and(further)
        else:
            further_text = ""
        if edits:
            what = f"`{new}`" if new is not None else "this"
            yield Answer(
                place.start,
                place.end,
                PIN,
                f"The migrated program needs {what}{further_text}, not `{shown}`.{stay}"
                if new is not None
                else f"The migrated program needs {_and(further)[5:]} beside `{shown}`.{stay}",
                Outcome.REWRITTEN,
                edits=tuple(edits),
                api=found.name,
            )
        if further and not further_text:
            yield Answer(
                place.start,
                place.end,
                CONTRADICTS,
                f"The migrated program needs {_and(further)[5:]}, too.",
                Outcome.MANUAL,
                recipe="Require " + ", ".join(f"`{_spelled(name)}`" for name in further) + " here.",
                api=found.name,
            )
        asked[place.listed] = []


def _elsewhere(place: Place, items: Sequence[Place]) -> bool:
    """Whether a list asks for TensorFlow on today's Pythons, too, or never for Python 3."""
    if "3." not in place.marker:
        return True
    return any(
        other.found.name in TENSORFLOW and (not other.marker or holds_here(other.marker))
        for other in items
    )


def _and(further: Sequence[str]) -> str:
    return "".join(f" and `{_spelled(name)}`" for name in further)


def _answer(place: Place, message: str, recipe: str) -> Answer:
    return Answer(
        place.start, place.end, PIN, message, Outcome.MANUAL, recipe, api=place.found.name
    )


def contradiction(place: Place) -> Iterator[Answer]:
    """Yield what is wrong with a requirement beside TensorFlow's own."""
    found = place.found
    new = wanted_line(found)
    if new is not None and place.write is not None and place.locked is None:
        yield Answer(
            place.start,
            place.end,
            PIN,
            f"`{found.spelled}{found.spec}` goes with TensorFlow 1; `{new}` goes with the migrated"
            " program.",
            Outcome.REWRITTEN,
            edits=((place.start, place.end, place.write(new)),),
            api=found.name,
        )
        return
    reason, recipe = None, ""
    if found.name in ENDED and (found.spec or found.name != "tensorflow-addons"):
        reason, recipe = "has no release for TensorFlow 2.16 or later", ENDED[found.name]
    elif too_old(found.name, found.spec):
        reason = f"keeps TensorFlow 2.16 from being installed (it needs {MINIMA[found.name]})"
        recipe = f"Require `{found.spelled}>={MINIMA[found.name]}`, or leave the version out."
    if reason is not None:
        yield Answer(
            place.start,
            place.end,
            CONTRADICTS,
            f"`{found.spelled}{found.spec}` {reason}.",
            Outcome.MANUAL,
            recipe=recipe,
            api=found.name,
        )


_LINE = re.compile(r"[^\r\n]*")
_INCLUDE = re.compile(r"[ \t]*(?:-r|--requirement|-c|--constraint)[ \t=]*(?P<path>[^\s#]+)")
_URL = re.compile(r"(?i)https?://\S*/tensorflow(?:_gpu|-gpu|_cpu)?-[01]\.[\w.-]+\.whl")


def includes(text: str) -> list[str]:
    """Return the files that a requirement file names with ``-r`` and ``-c``."""
    return [match["path"] for line in text.splitlines() if (match := _INCLUDE.match(line))]


def requirement_lines(text: str, start: int = 0, end: int | None = None) -> Iterator[Place]:
    """Yield the requirements of lines of pip's format, indented or not."""
    newline = "\r\n" if "\r\n" in text else "\n"
    stop = len(text) if end is None else end
    at = start
    while at < stop:
        row = _LINE.match(text, at, stop)
        assert row is not None
        line, begin = row[0], at
        at = row.end() + 1
        if text[row.end() : row.end() + 2] == "\r\n":
            at += 1
        body = line.lstrip(" \t\ufeff")
        indent = line[: len(line) - len(body)]
        if not body or body[0] in "#-":
            continue
        found = requirement(body)
        if found is None:
            continue
        rest = body[found.end :]
        code = re.split(r"\s#|^#", rest)[0]
        if code.strip() and not re.match(r"\s*(;|\\$|--hash)", code):
            continue  # a URL, or no requirement at all
        marker = code.partition(";")[2].strip().rstrip("\\").strip()
        first = begin + len(indent)
        locked = "and its hash fixes the file" if "--hash" in code or "\\" in code else None
        tail = row.end()
        ends = text[tail : tail + 1] in ("\r", "\n")

        def add(new: str, indent: str = indent, at: int = at, ends: bool = ends, tail: int = tail):  # type: ignore[no-untyped-def]
            if ends:
                return (at, at, f"{indent}{new}{newline}")
            return (tail, tail, f"{newline}{indent}{new}")

        yield Place(first, first + found.end, found, marker, str, add, locked)


def urls(text: str) -> Iterator[Answer]:
    """Yield the wheels of TensorFlow 1 that a file names by address."""
    for match in _URL.finditer(text):
        yield Answer(
            match.start(),
            match.end(),
            PIN,
            "This is a wheel of TensorFlow 1.",
            Outcome.MANUAL,
            recipe=f"Install `tensorflow{WANTED}` from the package index instead.",
            api="tensorflow",
        )


_STRING = re.compile(
    r"""(?P<quote>["'])(?P<body>[A-Za-z][\w.-]*[ \t]*(?:\[[^\]"'\n]*\])?[^"'\n]*)(?P=quote)"""
)


def quoted(text: str, start: int, end: int) -> Iterator[Place]:
    """Yield the requirements that are strings of a list (TOML, JSON)."""
    for match in _STRING.finditer(text, start, end):
        found = requirement(match["body"])
        if found is None:
            continue
        rest = match["body"][found.end :].strip()
        if rest and not rest.startswith(";"):
            continue
        quote, begin = match["quote"], match.start("body")
        line = text.rfind("\n", 0, match.start()) + 1
        indent = re.match(r"[ \t]*", text[line:])
        alone = indent is not None and line + len(indent[0]) == match.start()
        newline = "\r\n" if "\r\n" in text else "\n"
        between = f",{newline}{indent[0]}" if alone and indent is not None else ", "

        def add(new: str, between: str = between, quote: str = quote, at: int = match.end()):  # type: ignore[no-untyped-def]
            return (at, at, f"{between}{quote}{new}{quote}")

        yield Place(begin, begin + found.end, found, rest[1:].strip(), str, add)
