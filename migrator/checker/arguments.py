"""What a command line says about a comparison: ranges, choices, tolerances, renamed variables."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "parse_choices",
    "parse_names",
    "parse_ranges",
    "parse_tolerances",
    "read_vocabulary",
]

End = float | int | None


def parse_ranges(texts: Iterable[str]) -> dict[str, tuple[End, End]]:
    """Return input name → lowest and highest value of texts such as ``x=0:255``.

    An end may be left out: ``x=0:`` is everything from 0.

    Raises:
        ValueError: a text is none, or a name comes twice.
    """
    found: dict[str, tuple[End, End]] = {}
    for text in texts:
        name, _, ends = text.rpartition("=")
        low, colon, high = ends.partition(":")
        try:
            if not name or not colon or not (low.strip() or high.strip()):
                raise ValueError
            pair = (_number(low), _number(high))
        except ValueError:
            raise ValueError(f"{text!r} is no range: write NAME=LOW:HIGH, as in x=0:255") from None
        if name in found:
            raise ValueError(f"{name!r} has two ranges: give one")
        found[name] = pair
    return found


def _number(text: str) -> End:
    """Return a number, an integer exactly; None for nothing."""
    text = text.strip()
    if not text:
        return None
    try:
        return int(text, 0)
    except ValueError:
        number = float(text)
    if math.isnan(number):
        raise ValueError(text)
    return None if math.isinf(number) else number


def parse_choices(texts: Iterable[str]) -> dict[str, list[bytes]]:
    """Return input name → values of texts such as ``word=a,b`` or ``word=@vocabulary.txt``.

    Values are text, quoted as in CSV where they hold a comma; what the input takes decides
    whether they are numbers.

    Raises:
        ValueError: a text is none, a name comes twice, or a vocabulary cannot be read.
    """
    found: dict[str, list[bytes]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not name or not equals or not values:
            raise ValueError(f"{text!r} names no choices: write NAME=A,B,C or NAME=@FILE")
        if name in found:
            raise ValueError(f"{name!r} has choices twice: give them once")
        if values.startswith("@"):
            found[name] = read_vocabulary(values[1:])
        else:
            (row,) = csv.reader([values])
            found[name] = [os.fsencode(value) for value in row]
    return found


def read_vocabulary(path: str | os.PathLike[str]) -> list[bytes]:
    """Return the lines of a vocabulary file, without those that are empty.

    Raises:
        ValueError: it cannot be read, or has no line.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = [line.rstrip(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    found = [line for line in lines if line]
    if not found:
        raise ValueError(f"{path} holds no word: a vocabulary has one per line")
    return found


def parse_tolerances(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Return name → (atol, rtol) of texts such as ``scores=1e-3`` or ``scores=1e-3:1e-4``.

    One number is both.

    Raises:
        ValueError: a text is none, or a name comes twice.
    """
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, _, limits = text.rpartition("=")
        atol, colon, rtol = limits.partition(":")
        try:
            if not name:
                raise ValueError
            pair = float(atol), float(rtol if colon else atol)
            if not all(limit >= 0 for limit in pair):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{text!r} is no tolerance: write NAME=ATOL or NAME=ATOL:RTOL, as in scores=1e-4"
            ) from None
        if name in found:
            raise ValueError(f"{name!r} has two tolerances: give one")
        found[name] = pair
    return found


def parse_names(texts: Iterable[str]) -> dict[str, str]:
    """Return the after side's name of a variable by the before side's, of ``BEFORE=AFTER``.

    Raises:
        ValueError: a text is none, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        before, _, after = text.partition("=")
        if not before or not after:
            raise ValueError(f"{text!r} renames nothing: write BEFORE=AFTER, as in net/w=dense/w")
        if before in found:
            raise ValueError(f"{before!r} is renamed twice: say it once")
        found[before] = after
    return found
