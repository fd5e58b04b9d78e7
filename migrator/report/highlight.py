"""Python code as HTML: words of the language in colour, changed words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from pygments.lexers.python import PythonLexer
from pygments.token import Token

from migrator.report.diffs import changed_words
from migrator.report.text import visible

__all__ = ["block", "change_pair", "code_lines", "marked"]

_CLASSES: tuple[tuple[Any, str], ...] = (
    (Token.Comment, "hc"),
    (Token.Literal.String, "hs"),
    (Token.Literal.Number, "hn"),
    (Token.Keyword, "hk"),
    (Token.Operator.Word, "hk"),
    (Token.Name.Decorator, "hd"),
    (Token.Name.Builtin, "hd"),
    (Token.Name.Function, "hf"),
    (Token.Name.Class, "hf"),
)

#: A line of code: (class or "", text) pieces.
Pieces = list[tuple[str, str]]


def code_lines(lines: Sequence[str]) -> list[Pieces]:
    """Return each line cut into classed pieces; ``lines`` are lexed as one text.

    Strings that begin before the first line cannot be seen, so their tails may be coloured
    as code; the text itself is never changed, except that hidden characters become visible.
    """
    if not lines:
        return []
    cut: list[Pieces] = [[]]
    text = "\n".join(visible(line).replace("\n", "\u240a") for line in lines)
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = next((name for family, name in _CLASSES if kind in family), "")
        for i, part in enumerate(value.split("\n")):
            if i:
                cut.append([])
            if part:
                cut[-1].append((name, part))
    return cut


def marked(pieces: Pieces, ranges: Iterable[tuple[int, int]] = ()) -> Markup:
    """Return a line as HTML, with the characters of ``ranges`` inside ``<mark>``."""
    out: list[Markup] = []
    marks = list(ranges)
    at = 0
    for name, text in pieces:
        end = at + len(text)
        cuts = sorted({at, end, *(p for pair in marks for p in pair if at < p < end)})
        for start, stop in pairwise(cuts):
            html = escape(text[start - at : stop - at])
            if name:
                html = Markup('<span class="{}">{}</span>').format(name, html)
            if any(a <= start and stop <= b for a, b in marks):
                html = Markup("<mark>{}</mark>").format(html)
            out.append(html)
        at = end
    return Markup("").join(out)


def block(code: str) -> Markup:
    """Return a whole piece of code as the inside of a ``<pre>``."""
    return Markup("\n").join(marked(pieces) for pieces in code_lines(code.split("\n")))


def change_pair(before: str, after: str) -> tuple[Markup, Markup]:
    """Return two pieces of code as HTML; the words that differ are marked where both are lines."""
    if "\n" in before or "\n" in after or not before or not after:
        return block(before), block(after)
    left, right = changed_words(visible(before), visible(after))
    (old,), (new,) = code_lines([before]), code_lines([after])
    return marked(old, left), marked(new, right)
