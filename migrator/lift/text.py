"""Statements copied to other places: expressions replaced, continuation lines still aligned."""

from __future__ import annotations

import ast
import functools
import io
import itertools
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator

from migrator.lift.kinds import Refusal
from migrator.names import Module

__all__ = [
    "WIDTH",
    "Edit",
    "Writer",
    "applied",
    "call",
    "comment_end",
    "comments_in",
    "folded",
    "moved",
    "tokens",
]

#: Start, end and the new text of a region.
Edit = tuple[int, int, str]

#: Emitted lines that would be longer are broken after the opening parenthesis.
WIDTH = 88

#: Lines that moved stay as they are up to this.
LIMIT = 100


@functools.lru_cache(maxsize=4)
def tokens(text: str) -> tuple[tokenize.TokenInfo, ...]:
    """Return the tokens of a file; several parts of a lift look at those of the same two files."""
    return tuple(tokenize.generate_tokens(io.StringIO(text).readline))


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with ``edits``, which do not overlap, made."""
    parts: list[str] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


class Writer:
    """Writes expressions and statements of the original with some of their parts replaced.

    Args:
        module: the file.
        replace: returns the new text of a node, edits that cover all of it, or None to look
            inside it.
    """

    def __init__(
        self, module: Module, replace: Callable[[ast.AST, Writer], str | list[Edit] | None]
    ) -> None:
        self.module = module
        self._replace = replace

    def edits(self, node: ast.AST) -> list[Edit]:
        """Return the outermost replacements in ``node``."""
        return list(self._edits(node))

    def inside(self, node: ast.AST) -> list[Edit]:
        """Return the replacements in the children of ``node``."""
        return [edit for child in ast.iter_child_nodes(node) for edit in self._edits(child)]

    def _edits(self, node: ast.AST) -> Iterator[Edit]:
        new = self._replace(node, self)
        if isinstance(new, list):
            yield from new
            return
        if new is not None:
            assert isinstance(node, (ast.expr, ast.stmt))
            if self.module.enclosing(node, (ast.JoinedStr,)):
                raise Refusal(node, "f-string", "a graph value stands inside an f-string")
            yield self.module.start(node), self.module.end(node), new
            return
        for child in ast.iter_child_nodes(node):
            yield from self._edits(child)

    def text(self, node: ast.expr) -> str:
        """Return the source of the expression ``node`` with its parts replaced."""
        start = self.module.start(node)
        edits = [(at - start, to - start, new) for at, to, new in self._edits(node)]
        return applied(self.module.source(node), edits)

    def statement(self, node: ast.stmt, to: int, tail: bool = True) -> str:
        """Return the statement ``node`` as it stands at column ``to``, with its comment."""
        module = self.module
        start, end = module.start(node), module.end(node)
        edits = [(at - start, until - start, new) for at, until, new in self._edits(node)]
        if tail:
            end = comment_end(module.text, end)
        _, column = module.line_column(start)
        return moved(module.text[start:end], column, to, edits)


def comment_end(text: str, end: int) -> int:
    """Return where the comment behind the statement that ends at ``end`` ends."""
    at = end
    while at < len(text) and text[at] in " \t":
        at += 1
    if at < len(text) and text[at] == "#":
        while at < len(text) and text[at] not in "\r\n":
            at += 1
        return at
    return end


def comments_in(source: str) -> list[tuple[int, str]]:
    """Return the comments in a complete expression or statement, each with its offset."""
    starts = _starts(source.splitlines(keepends=True))
    return [
        (starts[token.start[0] - 1] + token.start[1], token.string.rstrip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]


def folded(text: str, original: str, tab: str, deeper: int = 0) -> str:
    """Return moved code with the lines that grew too long broken inside their last bracket.

    Args:
        text: one statement where it stands now, indentation included.
        original: the lines that it stood in; where one was as long already, none is broken.
        tab: one level of indentation.
        deeper: by how many columns it will be moved to the right.
    """
    if any(len(row) > LIMIT for row in original.split("\n")):
        return text
    room = LIMIT - deeper
    rows = (_folded(row, tab, room) if len(row) > room else row for row in text.split("\n"))
    return "\n".join(rows)


_TOOLS = re.compile(r"#\s*(noqa|type:|pylint|pragma|fmt:|nosec|yapf|mypy)")


def _folded(row: str, tab: str, room: int) -> str:
    code = row.rstrip()
    tail = "," if code.endswith(",") else ""
    code = code.removesuffix(",")
    indent = row[: len(row) - len(row.lstrip(" \t"))]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code.strip()).readline))
    except (tokenize.TokenError, IndentationError):
        return row  # a part of a bracket or a string
    brackets: list[tuple[int, list[int]]] = []
    closed: tuple[int, list[int], int] | None = None
    outer: list[tuple[int, int]] = []
    for token in tokens:
        at = len(indent) + token.start[1]
        if token.type == tokenize.COMMENT and _TOOLS.match(token.string):
            return row  # a tool reads it on its line
        if token.type == tokenize.COMMENT:
            # what stands behind the code stands above it then
            above = f"{indent}{token.string.rstrip()}"
            plain = row[:at].rstrip()
            return f"{above}\n{_folded(plain, tab, room) if len(plain) > room else plain}"
        if token.start[0] > 2:
            return row
        if token.type != tokenize.OP:
            continue
        if token.string in "([{":
            brackets.append((at, []))
        elif token.string in ")]}":
            closed = (*brackets.pop(), at)
            if not brackets:
                outer.append((closed[0], at))
        elif token.string == "," and brackets:
            brackets[-1][1].append(at)
    if closed is None or closed[2] != len(code) - 1:
        return row
    opening, commas, closing = closed
    inside = code[opening + 1 : closing]
    lines = [code[: opening + 1], f"{indent}{tab}{inside}", f"{indent}{code[closing:]}{tail}"]
    if len(lines[1]) > room and commas:
        ends = [*commas, closing]
        starts = [opening + 1, *(comma + 1 for comma in commas)]
        parts = [code[a:b].strip() for a, b in zip(starts, ends, strict=True)]
        lines[1:2] = [f"{indent}{tab}{part}," for part in parts if part]
    if inside.strip() and max(map(len, lines)) <= room:
        return "\n".join(lines)
    for opening, closing in reversed(outer[:-1]):  # of a call of a method of a call, the first one
        inside = code[opening + 1 : closing]
        lines = [code[: opening + 1], f"{indent}{tab}{inside}", f"{indent}{code[closing:]}{tail}"]
        chained = code[closing + 1 : closing + 2] == "."
        if chained and inside.strip() and max(map(len, lines)) <= room:
            return "\n".join(lines)
    return row


def moved(source: str, column: int, to: int, edits: Iterable[Edit] = ()) -> str:
    """Return a piece of code that started at ``column`` as it stands at column ``to``.

    Lines that were aligned with an opening bracket follow it; others move with their line.

    Args:
        source: one or more statements; the first line without its indentation.
        column: where the first line started.
        to: where it starts now.
        edits: replacements in ``source``.
    """
    edits = sorted(edits)
    rows = source.splitlines(keepends=True)
    if len(rows) < 2:
        return applied(source, edits)
    starts = _starts(rows)
    inside, strings = _openings(source)
    shift = {0: to - column}
    shifts: list[Edit] = []
    for row in range(1, len(rows)):
        if row in strings:
            shift[row] = 0
            continue
        opening = inside.get(row)
        if opening is None:
            shift[row] = shift[0]
        else:
            at, aligned = opening
            line = max(r for r in range(len(rows)) if starts[r] <= at)
            shift[row] = shift[line]
            if aligned:
                for start, end, new in edits:
                    if starts[line] <= start and end <= at:
                        shift[row] += len(new) - (end - start)
        by = shift[row]
        start = starts[row]
        if any(at < start < end for at, end, _ in edits) or not rows[row].strip():
            continue
        if by > 0:
            shifts.append((start, start, " " * by))
        elif by < 0:
            room = len(rows[row]) - len(rows[row].lstrip(" \t"))
            shifts.append((start, start + min(-by, room), ""))
    return applied(source, [*edits, *shifts])


def _starts(rows: list[str]) -> list[int]:
    """Return the offset at which each row starts, and the end."""
    return [0, *itertools.accumulate(map(len, rows))]


def _openings(source: str) -> tuple[dict[int, tuple[int, bool]], set[int]]:
    """Return the bracket that each line starts inside of, and the lines that start in a string.

    Of a bracket, its offset and whether something follows it on its line.
    """
    starts = _starts(source.splitlines(keepends=True))
    inside: dict[int, tuple[int, bool]] = {}
    strings: set[int] = set()
    stack: list[tuple[int, bool]] = []
    last_row = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            first, until = token.start[0] - 1, token.end[0] - 1
            for row in range(last_row + 1, first + 1):
                if stack:
                    inside[row] = stack[-1]
            last_row = max(last_row, until)
            strings.update(range(first + 1, until + 1) if token.type == tokenize.STRING else ())
            if token.type == tokenize.OP and token.string in "([{":
                at = starts[first] + token.start[1]
                rest = source[at + 1 : starts[first + 1]].strip()
                stack.append((at, bool(rest) and not rest.startswith("#")))
            elif token.type == tokenize.OP and token.string in ")]}" and stack:
                stack.pop()
    except (tokenize.TokenError, IndentationError):
        pass  # what was read of an odd layout is what can be aligned
    return inside, strings


def call(function: str, arguments: list[str], indent: int, prefix: int = 0) -> str:
    """Return a call, its arguments on lines of their own where one line is too long.

    Args:
        function: the callee.
        arguments: each as it is written.
        indent: of the statement that the call stands in.
        prefix: how many columns of its line stand before the call.
    """
    one = f"{function}({', '.join(arguments)})"
    if indent + prefix + len(one) <= WIDTH or not arguments or "\n" in one:
        return one
    inner = " " * (indent + 4)
    body = ", ".join(arguments)
    if indent + 4 + len(body) <= WIDTH:
        return f"{function}(\n{inner}{body}\n{' ' * indent})"
    rows = "".join(f"{inner}{argument},\n" for argument in arguments)
    return f"{function}(\n{rows}{' ' * indent})"


def without(module: Module, node: ast.Call, gone: ast.expr) -> Edit:
    """Return the edit that takes an argument away from a call."""
    given = [(module.start(value), value) for value in node.args]
    given += [(module.offset(k.lineno, k.col_offset), k.value) for k in node.keywords]
    at = [value for _, value in given].index(gone)
    start, value = given[at]
    if at + 1 < len(given):
        return start, given[at + 1][0], ""
    return module.end(given[at - 1][1]) if at else start, module.end(value), ""
