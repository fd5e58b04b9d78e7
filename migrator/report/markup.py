"""GitHub-flavoured Markdown in which the text of users stays text."""

from __future__ import annotations

import re

from markupsafe import escape

from migrator.report.text import CODE_SPAN, plural, visible

__all__ = ["TABLE_ROWS", "cell", "code_span", "fenced", "folded", "paragraph", "prose", "table"]

#: Rows of one table: more is for the HTML report.
TABLE_ROWS = 40

_MARKS = re.compile(r"([\\`*_\[\]<>|~&$])")
#: What makes a list, a heading or a rule of a paragraph that begins with it.
_LEADING = re.compile(r"^(\d*)([#+=-]|(?<=\d)[.)])")


def table(head: str, rule: str, rows: list[str]) -> str:
    """Return a table of the first :data:`TABLE_ROWS` rows, and how many there are more."""
    left = len(rows) - TABLE_ROWS
    text = "\n".join([head, rule, *rows[:TABLE_ROWS]])
    return f"{text}\n\n{plural(left, 'row')} more in the HTML report." if left > 0 else text


def folded(summary: str, inside: str) -> str:
    """Return ``inside`` folded under a line of code."""
    head = f"<details><summary><code>{escape(visible(summary))}</code></summary>"
    return f"{head}\n\n{inside}\n\n</details>"


def fenced(code: str, language: str) -> str:
    """Return a fenced block; the fence is longer than any run of backticks inside."""
    ticks = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{visible(code)}\n{fence}"


def code_span(text: str) -> str:
    """Return ``text`` as a code span, in which nothing is markup and nobody is mentioned."""
    text = visible(text).replace("\n", "\u240a").replace("\t", " ")
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def cell(text: str) -> str:
    """Return a code span for a table, where a bar would end the cell even inside code."""
    return code_span(text).replace("|", "\\|")


def paragraph(text: str) -> str:
    """Return one paragraph of text: its code spans stay, everything else is literal.

    ``@name`` becomes code: outside of it, it would notify the account of that name.
    """
    text = " ".join(visible(text).split())
    parts = CODE_SPAN.split(text)
    out = [_LEADING.sub(r"\1\\\2", _plain(parts[0]))]
    for i in range(1, len(parts), 3):
        out += [cell(parts[i + 1]), _plain(parts[i + 2])]
    return "".join(out)


def _plain(text: str) -> str:
    pieces = re.split(r"(@[\w./-]+|(?:#|GH-)\d+|https?://\S+|www\.\S+)", text)
    return "".join(
        cell(piece) if i % 2 else _MARKS.sub(r"\\\1", piece) for i, piece in enumerate(pieces)
    )


def prose(text: str) -> str:
    """Return paragraphs of text with fenced and indented code kept as code."""
    out: list[str] = []
    lines = visible(text).strip("\n").split("\n")
    i = 0
    while i < len(lines):
        fence = re.match(r"\s*(`{3,}|~{3,})(.*)", lines[i])
        if fence:
            end = i + 1
            while end < len(lines) and not lines[end].strip().startswith(fence[1]):
                end += 1
            out.append(fenced("\n".join(lines[i + 1 : end]), "python"))
            i = end + 1
        elif lines[i].startswith(("    ", "\t")):
            end = i
            while end < len(lines) and (
                not lines[end].strip() or lines[end].startswith(("    ", "\t"))
            ):
                end += 1
            code = [line[4:] if line.startswith("    ") else line[1:] for line in lines[i:end]]
            out.append(fenced("\n".join(code).rstrip("\n"), "python"))
            i = end
        else:
            end = i
            while (
                end < len(lines)
                and lines[end].strip()
                and not re.match(r"\s*(```|~~~)", lines[end])
            ):
                end += 1
            items = re.split(r"\n(?=\s*(?:[-*]|\d+[.)])\s)", "\n".join(lines[i:end]))
            out += [_item(item) for item in items if item.strip()]
            i = max(end, i + 1)
    return "\n\n".join(out)


def _item(text: str) -> str:
    match = re.match(r"\s*([-*]|\d+[.)])\s+(.*)", text, re.S)
    return f"{match[1]} {paragraph(match[2])}" if match else paragraph(text)
