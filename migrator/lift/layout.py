"""What leaves the text of a lifted file, and how the rest closes up."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Sequence

from migrator.lift.comments import OF_SESSION, leading_comments, tells_of_session
from migrator.lift.emit import Emitter
from migrator.lift.kinds import Kind, Refusal
from migrator.lift.scope import Scope
from migrator.lift.slices import Use
from migrator.lift.spelling import Speller
from migrator.lift.text import Edit, comment_end, tokens
from migrator.names import Module

__all__ = ["Layout", "indent_of"]

_SILENT = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.DEDENT})


class Layout:
    """The text of one file, where its parts stand, and the edits that are made to it.

    Args:
        scope: the analysis, done.
        uses: of its session.
        others: the other graphs of the file.
    """

    emitter: Emitter
    tf: str  #: the name that TensorFlow is imported as
    plain: Speller  #: writes code that stays where it is
    gaps: tuple[str, str]  #: blank lines around what is inserted

    def __init__(self, scope: Scope, uses: list[Use], others: Sequence[Scope] = ()) -> None:
        self.scope = scope
        self.module: Module = scope.module
        self.text = self.module.text
        self.uses = uses
        self.edits: list[Edit] = []
        self.gone = _gone(scope)
        self.gone_anywhere = self.gone.union(*map(_gone, others))
        self.dropped: list[str] = []  #: comments that told of the session alone
        #: line and column of a saving call -> what it became
        self.answers: dict[tuple[int, int], str] = {}

    # -- places ------------------------------------------------------------------------

    def _indent(self, node: ast.stmt) -> str:
        start = self.module.offset(node.lineno, 0)
        return self.text[start : self.module.start(node)]

    def _target_column(self, node: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(node))[1]
        for around in self.module.ancestors(node):
            if around in self.scope.withs:
                assert isinstance(around, ast.With)
                column -= self._depth(around)
        return column

    def _depth(self, node: ast.With) -> int:
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        outer = self.module.line_column(self.module.start(node))[1]
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return inner - outer

    def _replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.edits.append((self.module.start(node), self.module.end(node), text))
        if isinstance(node, ast.expr):
            self.plain.made[node] = text  # for what is written around it

    def _check_alone(self, node: ast.expr) -> None:
        """A statement that becomes several must stand on a line of its own."""
        statement = self.module.statement(node)
        if self._indent(statement).strip():
            raise Refusal(node, "layout", "it shares its line with another statement")

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _header_line(self, node: ast.With) -> int:
        """Return the last line of ``with ...:``."""
        last = node.items[-1]
        end = last.optional_vars or last.context_expr
        line = end.end_lineno or node.lineno
        while ":" not in self._row(line)[0:] and line < node.body[0].lineno - 1:
            line += 1
        return line

    def _header_end(self, node: ast.With) -> int:
        return self.module.offset(self._header_line(node) + 1, 0)

    def _last_line(self, node: ast.With) -> int:
        """Return the last line that belongs to a block, comments of its depth included."""
        last = node.end_lineno or node.lineno
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        line = last + 1
        while line < self.module.lines:
            row = self._row(line)
            if row.strip() and not (
                row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner
            ):
                break
            if row.strip():
                last = line
            line += 1
        return last

    def _anchor(self) -> ast.stmt:
        """Return the last statement that builds graph ahead of the first use of the session."""
        scope = self.scope
        nodes = [step.node for step in scope.steps if not step.after_run]
        nodes += [self.module.statement(s.call) for s in scope.savers if not s.after_run]
        if not nodes and scope.steps:
            return scope.steps[0].node
        nodes = nodes or list(scope.removed)
        if not nodes:
            raise Refusal(scope.node, "nothing", "it builds no graph")
        return max(nodes, key=lambda node: node.lineno)

    # -- comments ----------------------------------------------------------------------

    def _moves_comments(self, node: ast.stmt) -> bool:
        """Whether the comments of a statement that goes tell of initialization."""
        value = self.scope.removed[node]
        if value.kind is Kind.INIT:
            return True
        above = " ".join(leading_comments(self.scope, node)[1])
        return not isinstance(node, ast.With) and re.search("(?i)initiali[sz]", above) is not None

    def _tells_of_export(self, node: ast.stmt) -> bool:
        """Whether a statement that goes made a part of an export."""
        value = self.scope.removed.get(node)
        return value is not None and value.kind in (
            Kind.BUILDER,
            Kind.TENSOR_INFO,
            Kind.SIGNATURE,
            Kind.STRUCT,
        )

    def _behind(self, node: ast.stmt) -> list[str]:
        end = self.module.end(node)
        text = self.text[end : comment_end(self.text, end)].strip()
        return [text] if text else []

    def _drops(self, node: ast.stmt, rows: list[str]) -> bool:
        """Whether comments at a statement go with it, as they tell of the session alone."""
        value = self.scope.removed.get(node)
        goes = isinstance(node, ast.With) or (value is not None and value.kind in OF_SESSION)
        if not goes or not tells_of_session(rows):
            return False
        self.dropped += rows
        return True

    # -- deletions ---------------------------------------------------------------------

    def _delete(self, anchor: ast.stmt, inserted: tuple[int, str]) -> None:
        """Delete what moved or went, with the blank lines that it leaves behind."""
        text = self.text
        regions: list[tuple[int, int, bool]] = []
        for node in self.gone:
            first, _ = leading_comments(self.scope, node)
            line = self.module.offset(node.lineno, 0)
            keeps = node in self.scope.removed and not (
                (self._moves_comments(node) and self.emitter.has_class)
                or self._tells_of_export(node)
            )
            start = line if keeps else first
            if keeps and self._drops(node, leading_comments(self.scope, node)[1]):
                start = first
            end = comment_end(text, self.module.end(node))
            if keeps and self._behind(node) and not self._drops(node, self._behind(node)):
                behind = self.module.end(node)
                if text[line : self.module.start(node)].strip():
                    raise Refusal(node, "layout", "it shares its line with another statement")
                at = behind
                while text[at] != "#":
                    at += 1
                self.edits.append((self.module.start(node), at, ""))
                continue
            while end < len(text) and text[end] in " \t":
                end += 1
            if text[line : self.module.start(node)].strip() or (
                end < len(text) and text[end] not in "\r\n"
            ):
                raise Refusal(node, "layout", "it shares its line with another statement")
            end = text.find("\n", end) + 1 or len(text)
            regions.append((start, end, node is anchor))
        placed = False
        regions.sort()
        before, after = self.gaps
        index = 0
        while index < len(regions):
            start, end, here = regions[index]
            index += 1
            # regions with only blank lines between are one
            while index < len(regions) and not text[end : regions[index][0]].strip():
                end = regions[index][1]
                here = here or regions[index][2]
                index += 1
            blank = (
                text[:start].endswith("\n\n")
                or not text[:start].strip()
                or start in self._openings()
                or text[:start].endswith(":\n")
            )
            if here and not placed:
                placed = True
                rest = end
                while (
                    text[rest : text.find("\n", rest) + 1].strip() == ""
                    and text.find("\n", rest) >= 0
                ):
                    rest = text.find("\n", rest) + 1
                new = inserted[1]
                head = self._gap(text[:start], before)
                tail = ""
                if after and text[rest:].strip():
                    tail, end = after, rest
                elif end != rest or blank:
                    tail = "\n" if text[rest:].strip() else ""
                    end = rest
                self.edits.append((start, end, head + new + tail))
                continue
            left = ""
            if blank:
                first = end
                while True:
                    line_end = text.find("\n", end) + 1
                    if not line_end or text[end:line_end].strip():
                        break
                    end = line_end
                # ahead of a function stay as many blank lines as there were
                wide = text[first:end].count("\n") - _blank_before(text, start)
                if wide > 0 and re.match(r"@|def |class |#", text[end:]) and text[:start].strip():
                    left = "\n" * wide
            self.edits.append((start, end, left))
        if not placed:
            start, new = inserted
            self.edits.append((start, start, new))

    def _openings(self) -> set[int]:
        """Return where the blocks start that lose their header."""
        return {self._header_end(node) for node in self.scope.withs}

    @staticmethod
    def _gap(before: str, wanted: str) -> str:
        """Return the blank lines still missing between ``before`` and a class or function."""
        if not wanted or not before.strip():
            return ""
        have = len(before) - len(before.rstrip("\n")) - 1
        return "\n" * max(len(wanted) - have, 0)

    def _dedent(self) -> None:
        """Take away the blocks of sessions, graphs and name scopes, not what is in them."""
        strings = string_lines(self.text)
        by_line: dict[int, int] = {}
        for node in self.scope.withs:
            depth = self._depth(node)
            first = self.module.offset(node.lineno, 0)
            header = self.module.offset(node.body[0].lineno, 0)
            head = self.text[first:header]
            comments = _rows_with_comments(head)
            indent = self._indent(node)
            above, rows = leading_comments(self.scope, node)
            opens = node not in self.scope.scopes
            top = above if opens and self._drops(node, rows) else first
            self.edits.append((top, self._header_end(node), ""))
            if comments and not (opens and self._drops(node, comments)):
                self.edits.append((first, first, "".join(f"{indent}{row}\n" for row in comments)))
            last = self._last_line(node)
            for line in range(node.body[0].lineno, last + 1):
                by_line[line] = by_line.get(line, 0) + depth
            # comment lines between the header and the first statement
            at = self._header_line(node)
            for line in range(at + 1, node.body[0].lineno):
                by_line[line] = by_line.get(line, 0) + depth
        covered = [(start, end) for start, end, _ in self.edits if end > start]
        for line, depth in by_line.items():
            if line in strings:
                continue
            start = self.module.offset(line, 0)
            row_end = self.text.find("\n", start)
            row = self.text[start : row_end if row_end >= 0 else len(self.text)]
            room = len(row) - len(row.lstrip(" \t"))
            depth = min(depth, room)
            if row.strip() and not any(at <= start < end for at, end in covered):
                self.edits.append((start, start + depth, ""))


def _blank_before(text: str, at: int) -> int:
    """Return how many blank lines stand ahead of the line that starts at ``at``."""
    before = text[:at]
    return max(len(before) - len(before.rstrip("\n")) - 1, 0)


def _gone(scope: Scope) -> set[ast.stmt]:
    """Return the statements of a graph that do not stay."""
    gone = {step.node for step in scope.steps} | set(scope.removed)
    return gone | {scope.module.statement(saver.call) for saver in scope.savers}


def indent_of(text: str) -> str:
    """Return one level of indentation as the file writes it."""
    found: Counter[str] = Counter()
    depth = 0
    for token in tokens(text):
        if token.type == tokenize.INDENT:
            if not depth:
                found[token.string] += 1
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
    if not found:
        return "    "
    return min(found, key=lambda width: (-found[width], len(width)))


def string_lines(text: str) -> set[int]:
    """Return the lines that start inside a string, but for strings that are whole statements.

    Docstrings are indented with what they tell of.
    """
    lines: set[int] = set()
    found = [token for token in tokens(text) if token.type not in _SILENT]
    for index, token in enumerate(found):
        if token.type == tokenize.STRING or (
            token.end[0] > token.start[0] and (tokenize.tok_name[token.type].startswith("FSTRING"))
        ):
            begins = not index or found[index - 1].type in (tokenize.NEWLINE, tokenize.INDENT)
            ends = index + 1 < len(found) and found[index + 1].type == tokenize.NEWLINE
            if begins and ends and token.type == tokenize.STRING:
                continue
            lines.update(range(token.start[0] + 1, token.end[0] + 1))
    return lines


def _rows_with_comments(head: str) -> list[str]:
    rows = []
    for row in head.split("\n")[:1]:
        _, mark, comment = row.partition("#")
        if mark:
            rows.append(f"#{comment}".rstrip())
    return rows
