"""Make text from other people's files safe to show, and name places in those files."""

from __future__ import annotations

import re
import unicodedata

from migrator.results import Span

__all__ = ["CODE_SPAN", "cell_of", "place", "plural", "shortened", "visible"]

#: A code span of Markdown: as many backticks behind it as before it.
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")

#: Letters that draw nothing: Hangul fillers, the Braille blank.
_BLANK = {0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0}
#: Control, format (bidirectional and zero-width ones), surrogate, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class _Pictures(dict[int, str]):
    """Translation table for :meth:`str.translate` that fills itself as characters come up."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        if point not in _BLANK and unicodedata.category(char) not in _HIDDEN:
            shown = char
        elif point < 0x20:
            shown = chr(0x2400 + point)
        elif point == 0x7F:
            shown = "\u2421"
        else:
            shown = f"⟦U+{point:04X}⟧"
        self[point] = shown
        return shown


_PICTURES = _Pictures({ord("\t"): "\t", ord("\n"): "\n"})


def visible(text: str) -> str:
    """Return ``text`` with every character that hides or moves others replaced by a picture.

    Escape sequences would repaint the terminal, bidirectional controls would reorder the code
    that a reviewer reads, lone surrogates cannot be encoded.  Tabs and newlines stay.
    """
    return text.translate(_PICTURES)


def cell_of(span: Span) -> str:
    """Return ``cell 3`` (counted from 1) for a place in a notebook, else an empty string."""
    return "" if span.cell is None else f"cell {span.cell + 1}"


def place(path: str, span: Span) -> str:
    """Return ``path:line:column``, both counted from 1 as editors do, safe to show."""
    where = [
        visible(path).replace("\n", "\u240a"),
        cell_of(span),
        str(span.line),
        str(span.column + 1),
    ]
    return ":".join(part for part in where if part)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Return ``1 file``, ``2 files``, ``1,204 matches``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def shortened(text: str, length: int) -> str:
    """Return ``text`` on one line, with an ellipsis for what is beyond ``length`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
