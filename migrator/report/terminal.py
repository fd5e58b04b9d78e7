"""Lines, words and tables on a terminal or in a pipe, safe from what user code holds."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.segment import Segments
from rich.table import Table
from rich.text import Text

from migrator.report.text import visible

__all__ = ["STYLE", "cell", "grid", "indented", "line", "table", "word"]

#: How the closed sets of words look.
STYLE = {
    "match": "bold green", "equal": "green", "close": "green", "same": "green", "safe": "green",
    "mismatch": "bold red", "error": "bold red", "differs": "red", "missing": "red", "extra": "red",
    "dtype": "red", "shape": "red", "changed": "red", "unstable": "yellow", "note": "cyan",
    "manual": "bold yellow", "blocked": "bold yellow", "rewritten": "cyan", "review": "cyan",
    "kept": "", "suppressed": "bright_black",
}  # fmt: skip


def line(console: Console, text: Text, end: str = "\n") -> None:
    """Print a line whole: a terminal breaks it itself, a pipe gets it as it is."""
    console.print(text, soft_wrap=True, highlight=False, markup=False, emoji=False, end=end)


def indented(console: Console, text: str, style: str) -> None:
    """Print the lines of ``text`` behind four blanks."""
    for row in visible(text).rstrip("\n").split("\n"):
        line(console, Text("    " + row, style))


def cell(text: str) -> Text:
    """Return text of a user for one line."""
    return Text(visible(text).replace("\n", "\u240a"))


def word(word: object) -> Text:
    """Return one of the words of :data:`STYLE` in its colour."""
    return Text(str(word), STYLE.get(str(word), ""))


def grid(*heads: str) -> Table:
    """Return a table without lines, with a column for each of ``heads``."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    for head in heads:
        made.add_column(head, overflow="fold")
    return made


def table(console: Console, made: RenderableType) -> None:
    """Print a table: as wide as a terminal, in a pipe as wide as it wants to be."""
    if console.is_terminal:
        console.print(made)
        return
    # a pipe has no width: 80 columns, which rich assumes, would fold names and numbers
    wide = console.options.update(width=10_000)
    console.print(Segments(console.render(made, wide)), crop=False, soft_wrap=True, end="")
